import { busyboxLayer, pushImage, pushImages, type LayerEntry, type PushedImage } from './images.ts';
import type { PushTarget } from './push.ts';

const megabyte = 1_000_000;

/**
 * The layers above the base, uncompressed: like a toolchain, an application with its modules, a database and
 * their neighbours.
 */
const layerShapes = {
  toolchain: { megabytes: 550, files: 9_000 },
  app: { megabytes: 200, files: 1_000 },
  modules: { megabytes: 150, files: 29_000 },
  runtime: { megabytes: 400, files: 8_000 },
  database: { megabytes: 300, files: 6_000 },
} as const;

/**
 * Two images of 1.6 GB and 53,000 files together (0.6 GB compressed), six distinct layers: what pre-pulling
 * is for. Takes about a minute to make. Sets of different names share the lowest layer only.
 */
export async function pushImageSet(target: PushTarget, name = 'set'): Promise<readonly PushedImage[]> {
  const app = appLayers(name);
  const service = [...app.slice(0, 2), filler(name, 'runtime'), filler(name, 'database')];
  return pushImages(target, [
    [`${name}/app:1`, { layers: app, config }],
    [`${name}/service:1`, { layers: service, config }],
  ]);
}

/**
 * The next version of the application of {@link pushImageSet}: one new layer of 2 MB on top of all that it
 * had.
 */
export async function pushNextApp(target: PushTarget): Promise<PushedImage> {
  const change = { path: 'opt/change', content: { seed: 'change', sizeBytes: 2 * megabyte } };
  return pushImage(target, 'set/app:2', { layers: [...appLayers('set'), [change]], config });
}

const config = { Cmd: ['true'] };

function appLayers(set: string): readonly (readonly LayerEntry[])[] {
  return [busyboxLayer(), filler(set, 'toolchain'), filler(set, 'modules'), filler(set, 'app')];
}

/** Many small files and a few large ones, thirty to a folder; a third of their bytes cannot be compressed. */
function filler(set: string, name: keyof typeof layerShapes): readonly LayerEntry[] {
  const { megabytes, files } = layerShapes[name];
  const sizes = fileSizes(megabytes * megabyte, files);
  return sizes.map((sizeBytes, position) => ({
    path: `opt/${name}/${String(Math.floor(position / 30))}/${String(position)}`,
    content: { seed: `${set} ${name} ${String(position)}`, sizeBytes, randomShare: 0.35 },
  }));
}

/**
 * Sizes as in real trees: half of the bytes in small files of one size, the rest in fewer and fewer larger
 * files.
 */
function fileSizes(totalBytes: number, files: number): readonly number[] {
  const even = totalBytes / 2 / files;
  const harmonic = Array.from({ length: files }, (_, rank) => 1 / (rank + 1)).reduce((a, b) => a + b);
  return Array.from({ length: files }, (_, rank) =>
    Math.round(even + totalBytes / 2 / harmonic / (rank + 1)),
  );
}
