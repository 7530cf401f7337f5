import { createHash } from 'node:crypto';

import { fillerBytes, type Filler } from '../support/filler.ts';
import { busyboxLayer, pushImage, type LayerEntry, type PushedImage } from '../support/images.ts';
import type { PushTarget } from '../support/push.ts';

/** An image whose container prints a hash of every file above the base. */
export interface CheckedImage extends PushedImage {
  readonly prints: string;
}

const base = busyboxLayer();
const data: Filler = { seed: 'chaos data', sizeBytes: 4_000_000 };
const small: readonly Filler[] = Array.from({ length: 40 }, (_, index) => ({
  seed: `chaos file ${String(index)}`,
  sizeBytes: 20_000,
}));
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: data },
  ...small.map((content, index) => ({ path: `lib/small/${String(index + 10)}`, content })),
];
const command = 'cat /lib/data /lib/small/* /own | sha256sum';

/** Two images that share their lower two layers. */
export async function pushImages(target: PushTarget): Promise<readonly CheckedImage[]> {
  const pushed: CheckedImage[] = [];
  for (const name of ['chaos/app:1', 'chaos/tool:1']) {
    const own: Filler = { seed: name, sizeBytes: 300_000 };
    const image = await pushImage(target, name, {
      layers: [base, library, [{ path: 'own', content: own }]],
      config: { Cmd: ['sh', '-c', command] },
    });
    pushed.push({ ...image, prints: `${hashOf([data, ...small, own])}  -\n` });
  }
  return pushed;
}

export function references(images: readonly PushedImage[]): readonly string[] {
  return images.map(({ reference }) => reference);
}

function hashOf(fillers: readonly Filler[]): string {
  const hash = createHash('sha256');
  for (const filler of fillers) for (const bytes of fillerBytes(filler)) hash.update(bytes);
  return hash.digest('hex');
}
