import { clock } from './clock.ts';
import { crowd } from './crowd.ts';
import { diskFull } from './disk-full.ts';
import { flipLoad } from './flip-load.ts';
import { flipVerify } from './flip-verify.ts';
import { killBake } from './kill-bake.ts';
import { killEngine } from './kill-engine.ts';
import { killLiveMount } from './kill-live-mount.ts';
import { killLoad } from './kill-load.ts';
import { killPrepull } from './kill-prepull.ts';
import { registryFaults } from './registry-faults.ts';
import type { Scenario } from './scenario.ts';

/** In the order of the campaign. */
export const scenarios: readonly Scenario[] = [
  killPrepull,
  killLoad,
  killLiveMount,
  killEngine,
  killBake,
  flipVerify,
  flipLoad,
  diskFull,
  crowd,
  clock,
  registryFaults,
];
