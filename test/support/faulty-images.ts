import { readFileSync } from 'node:fs';

import type { FaultyRegistry } from '@drayage/registry/testing';
import { makeFolder, removeFolder } from './folders.ts';
import { buildImage, type BuiltImage, type ImageSpec } from './image-build.ts';

/** Builds an image and lets a registry that can misbehave serve it. `name` is `REPOSITORY:TAG`. */
export async function serveImage(
  registry: FaultyRegistry,
  name: string,
  spec: ImageSpec,
): Promise<BuiltImage & { readonly reference: string }> {
  const folder = makeFolder();
  try {
    const image = await buildImage(folder, spec);
    for (const layer of image.layers) registry.addBlob(readFileSync(layer.file));
    registry.addBlob(image.config.bytes);
    const [repository = '', tag = ''] = name.split(':');
    registry.addManifest(repository, [tag], image.manifest.bytes, image.manifest.mediaType);
    return { ...image, reference: `${registry.host}/${name}` };
  } finally {
    await removeFolder(folder);
  }
}
