import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatStatus, parseStatus } from '@drayage/core/handover';
import { startFaultyRegistry } from '@drayage/registry/testing';

import { dray, drayJson, reportOf, startDray } from '../support/dray.ts';
import { startEngine } from '../support/engines.ts';
import { serveImage } from '../support/faulty-images.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { busyboxLayer, layerOf } from '../support/images.ts';
import { endOf } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

const variant = { name: '28.5', imageStore: 'containerd' } as const;
const hour = 3_600_000;
const year = 365 * 24 * hour;
const jumps = [
  { 'an hour ahead': hour, 'a year back': -year },
  { 'an hour back': -hour, 'a year ahead': year },
];

/** The clock of a process jumps, or differs from that of the file system. A round tries two jumps. */
export const clock: Scenario = {
  name: 'clock',
  needs: { engine: variant, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 4,
  success: 'as documented',
  run,
};

async function run({ rounds, attempt }: Campaign): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const [what, jumpMs] of Object.entries(jumps[round % jumps.length] ?? {})) {
      await attempt(`${what}, during a pre-pull and a wait`, () => jumpDuringWait(jumpMs));
      await attempt(`${what}, after the pre-pull was killed`, () => jumpAfterKill(jumpMs));
      await attempt(`${what}, between mounts`, () => jumpBetweenMounts(jumpMs));
    }
  }
}

/** The wait sees the end of the pre-pull; a collection of garbage refuses to disturb it. */
async function jumpDuringWait(jumpMs: number): Promise<void> {
  await withStage(async ({ stage, prepulling, open, wait, gc }) => {
    const prepull = prepulling();
    await prepull.waitFor(/config/);
    const waiting = wait();
    await waiting.waitFor(/wait/i);
    stage.jump(jumpMs);
    const collected = await gc();
    if (!collected.stdout.includes('BUNDLE_BUSY')) throw new Error(`gc: exit ${endOf(collected)}`);
    open();
    const [prepulled, waited] = [await prepull.finished, await waiting.finished];
    if (prepulled.exitCode !== 0) throw new Error(`pre-pull: exit ${endOf(prepulled)}`);
    if (reportOf('wait', waited).outcome !== 'ready') throw new Error(`wait: exit ${endOf(waited)}`);
    await drayJson('verify', [stage.bundle]);
  });
}

/**
 * The lease ends by the waiter's own monotonic clock, and garbage can be collected when it has been silent.
 */
async function jumpAfterKill(jumpMs: number): Promise<void> {
  await withStage(async ({ stage, prepulling, wait, open }) => {
    const prepull = prepulling();
    await prepull.waitFor(/config/);
    await prepull.kill('SIGKILL');
    const file = join(stage.bundle, 'dray-status.json');
    const shifted = new Date(Date.now() + jumpMs).toISOString();
    const status = parseStatus(readFileSync(file));
    writeFileSync(file, formatStatus({ ...status, updatedAt: shifted, startedAt: shifted, leaseMs: 2_000 }));
    const waiting = wait();
    stage.jump(jumpMs);
    const waited = await waiting.finished;
    if (!/^expired/.test(reportOf('wait', waited).reason ?? ''))
      throw new Error(`wait: exit ${endOf(waited)}`);
    open();
    const again = await prepulling().finished;
    if (again.exitCode !== 0) throw new Error(`pre-pull: exit ${endOf(again)}`);
    await drayJson('verify', [stage.bundle]);
  });
}

/** Leases of mounts have an expiry; a run whose clock differs finds and leaves the engine in order. */
async function jumpBetweenMounts(jumpMs: number): Promise<void> {
  const engine = await startEngine(variant);
  try {
    await withStage(async ({ stage, prepulling, open, reference }) => {
      open();
      await prepulling(['--form', 'packs']).finished;
      const args = ['load', '--bundle', stage.bundle, '--strict', '--delivery', 'mount'];
      for (const ms of [0, jumpMs, 0]) {
        stage.jump(ms);
        const finished = await dray(args, { host: engine.host, env: stage.env });
        if (finished.exitCode !== 0) throw new Error(`load: exit ${endOf(finished)}`);
        await engine.docker(['run', '--rm', '--network', 'none', reference, 'true']);
        await engine.docker(['image', 'rm', '--force', reference]);
      }
    });
  } finally {
    await engine.stop();
  }
}

interface Tools {
  readonly stage: Stage;
  readonly reference: string;
  /** Starts a pre-pull, which stops in the middle of a layer until `open`. */
  readonly prepulling: (more?: readonly string[]) => ReturnType<typeof startDray>;
  readonly open: () => void;
  readonly wait: () => ReturnType<typeof startDray>;
  readonly gc: () => ReturnType<typeof dray>;
}

interface Stage {
  readonly bundle: string;
  /** Makes `dray` read a clock that `jump` sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly jump: (ms: number) => void;
}

async function withStage(action: (tools: Tools) => Promise<void>): Promise<void> {
  const registry = await startFaultyRegistry();
  const folder = makeFolder();
  let open: () => void = () => undefined;
  try {
    const stage = makeStage(folder);
    const large = { path: 'large', content: { seed: 'clock', sizeBytes: 500_000, randomShare: 1 } };
    const image = await serveImage(registry, 'team/app:1', { layers: [busyboxLayer(), [large]] });
    const gate = new Promise<void>((resolve) => (open = resolve));
    const path = new RegExp(layerOf(image, 1).digest);
    registry.inject({ kind: 'blob', path, effect: { kind: 'gate', afterBytes: 1_000, gate } });
    const { reference } = image;
    const place = ['--bundle', stage.bundle];
    const { env } = stage;
    await action({
      ...{ stage, reference, open },
      prepulling: (more = []) => startDray(['prepull', reference, ...place, ...more], { env }),
      wait: () => startDray(['wait', ...place, '--json'], { env }),
      gc: () => dray(['bundle', 'gc', ...place, '--json'], { env }),
    });
  } finally {
    open();
    await registry.close();
    await removeFolder(folder);
  }
}

/** Nothing but `Date` reads the clock that can jump: timers and `performance` use the monotonic one. */
function makeStage(folder: string): Stage {
  const [offset, preload] = [join(folder, 'offset'), join(folder, 'jumping-clock.mjs')];
  const jump = (ms: number): void => {
    writeFileSync(offset, String(ms));
  };
  jump(0);
  writeFileSync(
    preload,
    `import { readFileSync } from 'node:fs';
const Real = Date;
const now = () => Real.now() + Number(readFileSync(${JSON.stringify(offset)}, 'utf8'));
globalThis.Date = class Date extends Real {
  constructor(...args) { super(...(args.length === 0 ? [now()] : args)); }
  static now() { return now(); }
};
`,
  );
  return { bundle: join(folder, 'bundle'), env: { NODE_OPTIONS: `--import ${preload}` }, jump };
}
