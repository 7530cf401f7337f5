import { busyboxLayer, pushImage, type LayerEntry, type PushedImage } from './images.ts';
import type { PushTarget } from './push.ts';

const megabyte = 1_000_000;

/** Uncompressed sizes of the layers above the base, in MB: like a toolchain, an application, a database and their neighbours. */
const layerSizes = { toolchain: 550, app: 200, modules: 150, runtime: 400, database: 300 } as const;

/**
 * Two images of 1.6 GB together (0.6 GB compressed), six distinct layers, one of them 200 MB, of many files: what pre-pulling is for.
 * Takes about half a minute to make.
 */
export async function pushImageSet(target: PushTarget): Promise<readonly PushedImage[]> {
  const app = await pushImage(target, 'set/app:1', { layers: appLayers(), config });
  const service = await pushImage(target, 'set/service:1', {
    layers: [busyboxLayer(), filler('toolchain'), filler('runtime'), filler('database')],
    config,
  });
  return [app, service];
}

/** The next version of the application of {@link pushImageSet}: one new layer of 2 MB on top of all that it had. */
export async function pushNextApp(target: PushTarget): Promise<PushedImage> {
  const change = { path: 'opt/change', content: { seed: 'change', sizeBytes: 2 * megabyte } };
  return pushImage(target, 'set/app:2', { layers: [...appLayers(), [change]], config });
}

const config = { Cmd: ['true'] };

function appLayers(): readonly (readonly LayerEntry[])[] {
  return [busyboxLayer(), filler('toolchain'), filler('modules'), filler('app')];
}

/** A layer of files of 2 MB, a third of which cannot be compressed. */
function filler(name: keyof typeof layerSizes): readonly LayerEntry[] {
  const count = layerSizes[name] / 2;
  return Array.from({ length: count }, (_, position) => ({
    path: `opt/${name}/${String(position)}`,
    content: { seed: `${name} ${String(position)}`, sizeBytes: 2 * megabyte, randomShare: 0.35 },
  }));
}
