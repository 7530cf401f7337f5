import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';

import { mediaTypes } from '@drayage/core/image';
import { compressLayer, createTar, skippableFrame, zstdFrame } from '@drayage/core/testing';
import { addImage, layerOf, tarLayer, tarWith, type ImageOptions, type ShapeLayer } from './image.ts';
import type { Shape } from './shape.ts';

type Compress = (tar: Uint8Array) => Uint8Array;

const dockerZstd = 'application/vnd.docker.image.rootfs.diff.tar.zstd';
const zstd: Compress = (tar) => compressLayer(tar, 'zstd');
const plain: Compress = (tar) => tar;

/** Tar after gzip in pieces, as parallel compressors and lazy-loading formats write it. */
const manyMembers: Compress = (tar) =>
  Buffer.concat([
    gzipSync(tar.subarray(0, 700)),
    gzipSync(tar.subarray(700, 701)),
    gzipSync(tar.subarray(701)),
  ]);

function program(name: string): Compress {
  return (tar) => spawnSync(name, ['--stdout'], { input: tar, maxBuffer: 2 ** 24 }).stdout;
}

function withLayer(
  name: string,
  mediaType: string,
  compress: Compress,
  more: Omit<ImageOptions, 'layers'> = {},
  expected: Partial<Shape> = {},
): Shape {
  const layer = (): ShapeLayer => layerOf(name, mediaType, compress);
  return {
    name,
    serve: (place) => addImage(place, { ...more, layers: [layer()] }),
    ...expected,
  };
}

const docker = { isDocker: true };
const other = 'application/octet-stream';

const named: readonly Shape[] = [
  withLayer('oci-gzip', mediaTypes.ociLayerGzip, gzipSync),
  withLayer('oci-zstd', mediaTypes.ociLayerZstd, zstd),
  withLayer('oci-tar', mediaTypes.ociLayer, plain),
  withLayer('docker-gzip', mediaTypes.dockerLayerGzip, gzipSync, docker),
  withLayer('docker-zstd', dockerZstd, zstd, docker),
  withLayer('docker-tar', mediaTypes.dockerLayer, plain, docker),
  withLayer('docker-with-oci-zstd', mediaTypes.ociLayerZstd, zstd, docker),
  withLayer('oci-with-docker-gzip', mediaTypes.dockerLayerGzip, gzipSync),
  withLayer('oci-with-docker-config', mediaTypes.ociLayerGzip, gzipSync, {
    configType: mediaTypes.dockerConfig,
  }),
  withLayer('nondistributable', 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', gzipSync),
  withLayer('nondistributable-zstd', 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', zstd),
  withLayer('foreign', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', gzipSync, docker),
  withLayer('unnamed', other, gzipSync),
  withLayer('unnamed-zstd', other, zstd),
  withLayer('unnamed-docker', other, gzipSync, docker),
  withLayer('layer-type-empty', '', gzipSync),
  withLayer('layer-type-text', 'text/plain', gzipSync, {}, { refused: /media type text.plain/ }),
  withLayer(
    'layer-type-tar-gzip',
    'application/x-tar+gzip',
    gzipSync,
    {},
    { refused: /media type application.x-tar/ },
  ),
  withLayer('layer-type-parameter', `${mediaTypes.ociLayerGzip}; a=b`, gzipSync),
  withLayer(
    'layer-type-encrypted',
    `${mediaTypes.ociLayerGzip}+encrypted`,
    gzipSync,
    {},
    {
      stricter: {
        says: /media type .*encrypted/,
        because: 'what is named so cannot be unpacked without a key',
      },
    },
  ),
  withLayer('layer-type-upper', mediaTypes.ociLayerGzip.toUpperCase(), gzipSync),
  withLayer('docker-layer-upper', mediaTypes.dockerLayerGzip.toUpperCase(), gzipSync, docker),
];

const sniffed: readonly Shape[] = [
  withLayer('gzip-named-tar', mediaTypes.ociLayer, gzipSync),
  withLayer('tar-named-gzip', mediaTypes.ociLayerGzip, plain),
  withLayer('zstd-named-gzip', mediaTypes.ociLayerGzip, zstd),
  withLayer('zstd-named-docker-gzip', mediaTypes.dockerLayerGzip, zstd, docker),
  withLayer('gzip-named-zstd', mediaTypes.ociLayerZstd, gzipSync),
  withLayer('gzip-named-docker-tar', mediaTypes.dockerLayer, gzipSync, docker),
  withLayer('tar-named-docker-gzip', mediaTypes.dockerLayerGzip, plain, docker),
  withLayer('bzip2-named-gzip', mediaTypes.ociLayerGzip, program('bzip2')),
  withLayer('xz-named-docker-gzip', mediaTypes.dockerLayerGzip, program('xz'), docker),
  withLayer('gzip-members', mediaTypes.ociLayerGzip, manyMembers),
  withLayer('gzip-then-zeros', mediaTypes.ociLayerGzip, (tar) =>
    Buffer.concat([gzipSync(tar), Buffer.alloc(512)]),
  ),
  withLayer('zstd-frames', mediaTypes.ociLayerZstd, (tar) =>
    Buffer.concat([zstdFrame(tar.subarray(0, 700)), zstdFrame(tar.subarray(700)), skippableFrame(16)]),
  ),
];

function withTar(name: string, tar: () => Uint8Array): Shape {
  return { name, serve: (place) => addImage(place, { layers: [tarLayer(tar())] }) };
}

const tars: readonly Shape[] = [
  withTar('tar-empty', () => new Uint8Array(1024)),
  withTar('tar-no-bytes', () => new Uint8Array()),
  withTar('tar-without-end', () => tarWith('tar-without-end').subarray(0, -1024)),
  withTar('tar-with-rest', () => Buffer.concat([tarWith('tar-with-rest'), Buffer.alloc(4096, 'rest')])),
  withTar('tar-with-dot', () =>
    createTar([
      { type: 'directory', path: './' },
      { type: 'file', path: './etc/dot', bytes: Buffer.from('x') },
    ]),
  ),
];

function withConfig(name: string, options: ImageOptions, expected: Partial<Shape> = {}): Shape {
  return { name, serve: (place) => addImage(place, options), ...expected };
}

const noRootfs = {
  stricter: {
    says: /"rootfs" is not an object/,
    because: 'only the containerd store takes it, without layers',
  },
};

const counts: readonly Shape[] = [
  withConfig('layers-null', { layers: [], manifest: { layers: null } }),
  withConfig('layers-missing', { layers: [], manifest: { layers: undefined } }),
  withConfig('layers-empty', { layers: [] }),
  withConfig('diff-ids-null', { layers: [], config: { rootfs: { type: 'layers', diff_ids: null } } }),
  withConfig('diff-ids-missing', { layers: [], config: { rootfs: { type: 'layers' } } }),
  withConfig('rootfs-missing', { layers: [], config: { rootfs: undefined } }, noRootfs),
  withConfig('rootfs-null', { layers: [], config: { rootfs: null } }, noRootfs),
  withConfig('rootfs-no-type', { layers: [], config: { rootfs: { diff_ids: [] } } }),
  withConfig(
    'diff-ids-too-few',
    { config: { rootfs: { type: 'layers', diff_ids: [] } } },
    { refused: /1 layers, but 0 diffIds/ },
  ),
  withConfig('layers-no-list', { manifest: { layers: {} } }, { refused: /not an array/ }),
  {
    name: 'layer-twice',
    serve: (place) => {
      const layer = layerOf('twice');
      return addImage(place, { layers: [layer, layerOf('between'), layer] });
    },
  },
];

/** Shapes of layers: types, compressions, tars and counts. */
export const layerShapes: readonly Shape[] = [...named, ...sniffed, ...tars, ...counts];
