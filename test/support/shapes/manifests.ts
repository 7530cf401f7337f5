import { mediaTypes } from '@drayage/core/image';
import { addImage, addIndex, untagged, type ImageOptions } from './image.ts';
import type { Shape } from './shape.ts';

function image(name: string, options: ImageOptions, expected: Partial<Shape> = {}): Shape {
  return { name, serve: (place) => addImage(place, options), ...expected };
}

/** The registry answers requests for manifests with these headers instead. */
function answered(
  name: string,
  headers: Readonly<Record<string, string | undefined>>,
  options: ImageOptions = {},
): Shape {
  return {
    name,
    serve(place) {
      place.registry.inject({ kind: 'manifest', effect: { kind: 'headers', headers } });
      return addImage(place, options);
    },
  };
}

const unsaid = { manifest: { mediaType: undefined } };

const documents: readonly Shape[] = [
  image('type-unsaid', unsaid),
  image('docker-type-unsaid', { ...unsaid, isDocker: true }),
  image('type-empty', { manifest: { mediaType: '' } }),
  image('type-null', { manifest: { mediaType: null } }),
  image('oci-sent-as-docker', { contentType: mediaTypes.dockerManifest }),
  image('docker-sent-as-oci', { isDocker: true, contentType: mediaTypes.ociManifest }),
  answered('sent-as-json', { 'content-type': 'application/json' }),
  answered('sent-as-json-unsaid', { 'content-type': 'application/json' }, unsaid),
  answered('sent-as-text', { 'content-type': 'text/plain; charset=utf-8' }),
  answered('sent-as-octets', { 'content-type': 'application/octet-stream' }),
  answered('sent-as-nothing', { 'content-type': undefined }),
  answered('sent-as-nothing-unsaid', { 'content-type': undefined }, unsaid),
  answered('sent-with-charset', { 'content-type': `${mediaTypes.ociManifest}; charset=utf-8` }),
  answered('sent-in-capitals', { 'content-type': mediaTypes.ociManifest.toUpperCase() }),
  image('schema-version-missing', { manifest: { schemaVersion: undefined } }),
  image('schema-version-3', { manifest: { schemaVersion: 3 } }),
  image('unknown-members', { manifest: { annotations: { a: 'b' }, artifactType: 'x/y', unknown: [1] } }),
  image('annotations-null', { manifest: { annotations: null }, layerDescriptor: { annotations: null } }),
  image('descriptor-members', { layerDescriptor: { urls: [], data: 'eA==', artifactType: 'x/y' } }),
  image('with-subject', {
    manifest: { subject: { mediaType: mediaTypes.ociManifest, digest: `sha256:${'1'.repeat(64)}`, size: 3 } },
  }),
  image('also-manifests', { manifest: { manifests: [] } }, { refused: /both layers and manifests/ }),
  image('no-json', { manifest: { toJSON: () => 'text' } }, { refused: /not a JSON object/ }),
];

const configs: readonly Shape[] = [
  image('config-octets', { configType: 'application/octet-stream' }),
  image('docker-config-octets', { isDocker: true, configType: 'application/octet-stream' }),
  image('config-json', { configType: 'application/json' }),
  image('config-helm', { configType: 'application/vnd.cncf.helm.config.v1+json' }),
  image('config-other-container', { configType: 'application/vnd.oci.empty.v1+json' }),
  image('config-bare', { config: { created: undefined, config: undefined } }),
  image('config-null-members', { config: { config: null, history: null, created: null } }),
  image('config-unknown-members', { config: { 'moby.buildkit.cache.v0': 'x', container: 'y', id: 1 } }),
  image('config-no-architecture', { config: { architecture: undefined } }),
  image('config-empty-architecture', { config: { architecture: '' } }),
  image('config-no-os', { config: { os: undefined } }),
  image('config-empty-os', { config: { os: '' } }),
  image('config-windows', { config: { os: 'windows' } }),
  image('config-arm64', { config: { architecture: 'arm64' } }),
  image('config-386', { config: { architecture: '386' } }),
];

/** Classic stores ignore sizes; containerd refuses wrong ones, as dray does. */
const bySize = {
  stricter: {
    says: /size of a descriptor|bytes/,
    because: 'a bundle is checked by its sizes; engines with the containerd store refuse it, too',
  },
};

const wrongSizes: readonly Shape[] = [
  image('layer-size-0', { layerDescriptor: { size: 0 } }, bySize),
  image('layer-size-small', { layerDescriptor: { size: 10 } }, bySize),
  image('layer-size-large', { layerDescriptor: { size: 100_000 } }, bySize),
  image('layer-size-missing', { layerDescriptor: { size: undefined } }, bySize),
  image('layer-size-negative', { layerDescriptor: { size: -1 } }, bySize),
  image('config-size-small', { configDescriptor: { size: 10 } }, bySize),
  image('config-size-0', { configDescriptor: { size: 0 } }, bySize),
  image('config-size-large', { configDescriptor: { size: 100_000 } }, bySize),
  image('config-size-missing', { configDescriptor: { size: undefined } }, bySize),
  {
    ...bySize,
    name: 'manifest-size-wrong',
    serve(place) {
      const { descriptor, diffIds } = addImage(untagged(place));
      const platform = { os: 'linux', architecture: 'amd64' };
      addIndex(place, [{ ...descriptor, platform, size: descriptor.size + 1 }]);
      return { diffIds };
    },
  },
];

/** A schema 1 manifest, which Docker withdrew. */
const schema1: Shape = {
  name: 'schema-1',
  refused: /schema 1/,
  serve({ registry, repository, tags }) {
    const manifest = {
      ...{ schemaVersion: 1, name: repository, tag: tags[0], architecture: 'amd64' },
      fsLayers: [],
      history: [],
    };
    registry.addManifest(repository, tags, manifest, mediaTypes.dockerSchema1);
    return { diffIds: [] };
  },
};

/** Shapes of manifests and configs. */
export const manifestShapes: readonly Shape[] = [...documents, ...configs, ...wrongSizes, schema1];
