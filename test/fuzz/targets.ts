import type { Target } from './target.ts';
import { bundleDocumentTargets } from './targets/bundle-documents.ts';
import { challengeTargets } from './targets/challenges.ts';
import { configFileTargets } from './targets/config-file.ts';
import { discoveryTargets } from './targets/discovery.ts';
import { expansionTargets } from './targets/expansion.ts';
import { layerTargets } from './targets/layers.ts';
import { layoutTargets } from './targets/layouts.ts';
import { manifestTargets } from './targets/manifests.ts';
import { outputTargets } from './targets/output.ts';
import { platformTargets } from './targets/platforms.ts';
import { referenceTargets } from './targets/references.ts';
import { signatureTargets } from './targets/signatures.ts';
import { squashfsTargets } from './targets/squashfs.ts';
import { tarTargets } from './targets/tar.ts';

/** All targets, in the order of a campaign. */
export const targets: readonly Target[] = [
  ...referenceTargets,
  ...platformTargets,
  ...manifestTargets,
  ...challengeTargets,
  ...configFileTargets,
  ...discoveryTargets,
  ...expansionTargets,
  ...bundleDocumentTargets,
  ...layoutTargets,
  ...signatureTargets,
  ...outputTargets,
  ...tarTargets,
  ...layerTargets,
  ...squashfsTargets,
];
