import { describe, expect, test } from '@jest/globals';
import { digestOf } from './digest.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import { convertToOci, convertManifestToOci } from './converted-manifest.ts';

const docker: Manifest = {
  kind: 'manifest',
  mediaType: mediaTypes.dockerManifest,
  config: { mediaType: mediaTypes.dockerConfig, digest: digestOf('config'), size: 6 },
  layers: [
    { mediaType: mediaTypes.dockerLayerGzip, digest: digestOf('one'), size: 3 },
    { mediaType: mediaTypes.dockerLayer, digest: digestOf('two'), size: 3 },
  ],
};

describe('the converted manifest of a Docker manifest', () => {
  test('names the same config and layers in OCI media types', () => {
    const convertedManifest = convertToOci(docker);
    const parsed = parseManifest(convertedManifest?.bytes ?? new Uint8Array(), mediaTypes.ociManifest);
    expect(parsed).toEqual({
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config: { ...docker.config, mediaType: mediaTypes.ociConfig },
      layers: [
        { ...docker.layers[0], mediaType: mediaTypes.ociLayerGzip },
        { ...docker.layers[1], mediaType: mediaTypes.ociLayer },
      ],
    });
    expect(convertedManifest?.descriptor.digest).toBe(digestOf(convertedManifest?.bytes ?? ''));
  });

  test('is not made for a manifest that is OCI already', () => {
    const [config, one, two] = [docker.config, ...docker.layers];
    const oci = {
      ...docker,
      mediaType: mediaTypes.ociManifest,
      config: { ...config, mediaType: mediaTypes.ociConfig },
      layers: [
        { ...one, mediaType: mediaTypes.ociLayerGzip, digest: digestOf('one'), size: 3 },
        {
          ...two,
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
          digest: digestOf('two'),
          size: 3,
        },
      ],
    };
    expect(convertToOci(oci)).toBeUndefined();
  });

  test('is made for an OCI manifest with Docker layers, which the classic builder writes on a containerd store', () => {
    const mixed = { ...docker, mediaType: mediaTypes.ociManifest };
    expect(convertToOci(mixed)).toEqual(convertManifestToOci(docker));
  });
});
