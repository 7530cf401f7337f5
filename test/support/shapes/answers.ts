import { gzipSync } from 'node:zlib';

import type { FaultEffect } from '@drayage/registry/testing';
import { addImage, layerOf } from './image.ts';
import type { Place, ServedImage, Shape } from './shape.ts';

/** HEAD for the manifest is answered in another way than GET. */
function head(name: string, effect: FaultEffect): Shape {
  return {
    name,
    serve(place) {
      place.registry.inject({ kind: 'manifest', method: 'HEAD', effect });
      return addImage(place);
    },
  };
}

function headStatus(status: number): Shape {
  return head(`head-${String(status)}`, { kind: 'status', status, body: '' });
}

function headHeader(name: string, headers: Readonly<Record<string, string | undefined>>): Shape {
  return head(`head-${name}`, { kind: 'headers', headers });
}

const otherDigest = `sha256:${'4'.repeat(64)}`;

const heads: readonly Shape[] = [
  ...[204, 400, 401, 403, 404, 405, 406, 410, 416, 418, 500, 501].map(headStatus),
  headHeader('length-0', { 'content-length': '0' }),
  headHeader('length-small', { 'content-length': '10' }),
  headHeader('length-large', { 'content-length': '100000' }),
  headHeader('length-missing', { 'content-length': undefined }),
  headHeader('digest-missing', { 'docker-content-digest': undefined }),
  headHeader('digest-empty', { 'docker-content-digest': '' }),
  headHeader('digest-odd', { 'docker-content-digest': 'md5:1' }),
  { ...headHeader('digest-other', { 'docker-content-digest': otherDigest }), refused: /does not have it/ },
  headHeader('type-missing', { 'content-type': undefined }),
  headHeader('type-json', { 'content-type': 'application/json' }),
  headHeader('type-html', { 'content-type': 'text/html' }),
  head('head-cut', { kind: 'reset', afterBytes: -1 }),
];

/** The registry answers some requests in another way. */
function faulty(
  name: string,
  plan: (place: Place, image: ServedImage & { readonly layer: Uint8Array }) => void,
): Shape {
  return {
    name,
    serve(place) {
      const layer = layerOf(place.repository);
      const image = addImage(place, { layers: [layer] });
      plan(place, { ...image, layer: layer.bytes });
      return image;
    },
  };
}

function manifestHeader(
  name: string,
  headers: Readonly<Record<string, string | undefined>>,
  method?: string,
): Shape {
  return faulty(name, ({ registry }) => {
    registry.inject({
      ...{ kind: 'manifest', effect: { kind: 'headers', headers } },
      ...(method === undefined ? {} : { method }),
    });
  });
}

const gets: readonly Shape[] = [
  manifestHeader('no-digest-header', { 'docker-content-digest': undefined }),
  manifestHeader('no-length-header', { 'content-length': undefined }),
  manifestHeader('get-digest-missing', { 'docker-content-digest': undefined }, 'GET'),
  manifestHeader('get-digest-other', { 'docker-content-digest': otherDigest }, 'GET'),
  manifestHeader('get-chunked', { 'content-length': undefined }, 'GET'),
];

function blobHeader(name: string, headers: Readonly<Record<string, string | undefined>>): Shape {
  return faulty(name, ({ registry }) => {
    registry.inject({ kind: 'blob', effect: { kind: 'headers', headers } });
  });
}

const blobs: readonly Shape[] = [
  blobHeader('blob-chunked', { 'content-length': undefined }),
  blobHeader('blob-type-html', { 'content-type': 'text/html' }),
  blobHeader('blob-type-missing', { 'content-type': undefined }),
  blobHeader('blob-digest-other', { 'docker-content-digest': otherDigest }),
  faulty('blob-redirected', ({ registry }) => {
    registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'storage' } });
  }),
  ...[301, 302, 303, 308].map((status) =>
    faulty(`blob-redirected-${String(status)}`, ({ registry }) => {
      registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'storage', status } });
    }),
  ),
  faulty('blob-no-head', ({ registry }) => {
    registry.inject({ kind: 'blob', method: 'HEAD', effect: { kind: 'status', status: 405 } });
  }),
  faulty('blob-cut-once', ({ registry }) => {
    registry.inject({ kind: 'blob', times: 1, effect: { kind: 'reset', afterBytes: 20 } });
  }),
  faulty('blob-503-once', ({ registry }) => {
    registry.inject({ kind: 'blob', times: 1, effect: { kind: 'status', status: 503 } });
  }),
  faulty('manifest-503-once', ({ registry }) => {
    registry.inject({ kind: 'manifest', times: 1, effect: { kind: 'status', status: 503 } });
  }),
  faulty('manifest-429-once', ({ registry }) => {
    const headers = { 'retry-after': '1' };
    registry.inject({ kind: 'manifest', times: 1, effect: { kind: 'status', status: 429, headers } });
  }),
];

/** Bodies that a proxy has compressed, unasked. */
const encoded: readonly Shape[] = [
  {
    name: 'manifest-in-gzip',
    serve(place) {
      const { descriptor, diffIds, manifest } = addImage(place);
      const headers = {
        ...{ 'content-encoding': 'gzip', 'content-type': descriptor.mediaType },
        'docker-content-digest': descriptor.digest,
      };
      const effect = { kind: 'status', status: 200, headers, body: gzipSync(manifest) } as const;
      place.registry.inject({ kind: 'manifest', effect });
      return { diffIds };
    },
  },
  faulty('layer-in-gzip', ({ registry }, { layer }) => {
    const { digest } = registry.addBlob(layer);
    const headers = { 'content-encoding': 'gzip' };
    const effect = { kind: 'status', status: 200, headers, body: gzipSync(layer) } as const;
    registry.inject({ kind: 'blob', path: new RegExp(digest), effect });
  }),
];

const roots: readonly Shape[] = [200, 401, 403, 404, 405, 500].map((status) => ({
  name: `root-${String(status)}`,
  serve(place) {
    place.registry.inject({ kind: 'ping', effect: { kind: 'status', status } });
    return addImage(place);
  },
}));

const absences: readonly Shape[] = [
  {
    name: 'layer-404',
    refused: /cannot read blob .* does not have it/,
    serve: (place) => withoutLayer(place),
  },
  { name: 'tag-missing', refused: /does not have it/, serve: () => ({ diffIds: [] }) },
];

function withoutLayer(place: Place): ServedImage {
  const layer = layerOf(place.repository);
  place.registry.inject({
    ...{ kind: 'blob', path: new RegExp(place.registry.addBlob(layer.bytes).digest) },
    effect: { kind: 'status', status: 404 },
  });
  return addImage(place, { layers: [layer] });
}

/** Shapes of answers: HEAD beside GET, headers, redirects, encodings, passing faults. */
export const answerShapes: readonly Shape[] = [
  ...heads,
  ...gets,
  ...blobs,
  ...encoded,
  ...roots,
  ...absences,
];
