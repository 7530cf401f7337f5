import { mediaTypes } from '@drayage/core/image';
import { addImage, addIndex, layerOf, untagged, type AddedImage } from './image.ts';
import type { Place, Shape } from './shape.ts';

const linux = (architecture: string, variant?: string): object => ({
  os: 'linux',
  architecture,
  ...(variant === undefined ? {} : { variant }),
});

/** An image for one entry of an index. */
function member(place: Place, architecture = 'amd64', isDocker = false): AddedImage {
  const layers = [layerOf(`${place.repository}-${architecture}`)];
  return addImage(untagged(place), { layers, architecture, isDocker });
}

/** An index with one image, whose entry says this of its platform. */
function listed(name: string, entry: object, architecture = 'amd64', expected: Partial<Shape> = {}): Shape {
  return {
    name,
    serve(place) {
      const { descriptor, diffIds } = member(place, architecture);
      addIndex(place, [{ ...descriptor, ...entry }]);
      return { diffIds };
    },
    ...expected,
  };
}

const notFound = /cannot find linux\/amd64/;

/** An index with the image for this machine behind other entries. */
function behind(name: string, others: (place: Place) => readonly object[]): Shape {
  return {
    name,
    serve(place) {
      const { descriptor, diffIds } = member(place);
      addIndex(place, [...others(place), { ...descriptor, platform: linux('amd64') }]);
      return { diffIds };
    },
  };
}

const entries: readonly Shape[] = [
  listed('amd64', { platform: linux('amd64') }),
  listed('amd64-v1', { platform: linux('amd64', 'v1') }),
  listed('amd64-v2', { platform: linux('amd64', 'v2') }, 'amd64', {
    stricter: {
      says: notFound,
      because: 'the deploy node may have another CPU; --platform linux/amd64/v2 takes it',
    },
  }),
  listed('x86-64', { platform: linux('x86_64') }),
  listed('capitals', { platform: { os: 'Linux', architecture: 'AMD64' } }, 'amd64', { crashes2010: true }),
  listed('only-386', { platform: linux('386') }, '386'),
  listed('only-arm64', { platform: linux('arm64') }, 'arm64', { refused: notFound }),
  listed('only-windows', { platform: { os: 'windows', architecture: 'amd64' } }, 'amd64', {
    refused: notFound,
  }),
  listed('platform-unsaid', {}),
  listed('platform-null', { platform: null }),
  listed('platform-empty', { platform: {} }),
  listed('platform-empty-strings', { platform: { os: '', architecture: '' } }),
  listed('platform-only-os', { platform: { os: 'linux' } }),
  listed('platform-unsaid-arm64', {}, 'arm64', {
    stricter: { says: notFound, because: 'an image of another platform is never taken under that name' },
  }),
  listed('platform-features', {
    platform: { ...linux('amd64'), 'os.version': '', 'os.features': ['x'], features: ['sse4'] },
  }),
  listed('entry-type-unsaid', { mediaType: undefined, platform: linux('amd64') }),
  listed('entry-type-empty', { mediaType: '', platform: linux('amd64') }),
  listed('entry-type-json', { mediaType: 'application/json', platform: linux('amd64') }),
  listed('entry-type-docker', { mediaType: mediaTypes.dockerManifest, platform: linux('amd64') }),
  listed('entry-unknown', { platform: linux('unknown') }, 'amd64', { refused: notFound }),
  behind('behind-attestation', (place) => [
    { ...member(place, 'unknown').descriptor, platform: { os: 'unknown', architecture: 'unknown' } },
  ]),
  behind('behind-unsaid', (place) => [member(place, 'arm64').descriptor]),
  behind('behind-missing', () => [
    {
      ...{ mediaType: mediaTypes.ociManifest, digest: `sha256:${'2'.repeat(64)}`, size: 10 },
      platform: linux('arm64'),
    },
  ]),
  behind('behind-artifact', () => [
    {
      ...{ mediaType: 'application/vnd.example.sbom', digest: `sha256:${'3'.repeat(64)}`, size: 10 },
      platform: linux('amd64'),
    },
  ]),
];

const indexes: readonly Shape[] = [
  {
    name: 'docker-list',
    serve(place) {
      const { descriptor, diffIds } = member(place, 'amd64', true);
      addIndex(place, [{ ...descriptor, platform: linux('amd64') }], { isDocker: true });
      return { diffIds };
    },
  },
  {
    name: 'docker-list-of-oci',
    serve(place) {
      const { descriptor, diffIds } = member(place);
      addIndex(place, [{ ...descriptor, platform: linux('amd64') }], { isDocker: true });
      return { diffIds };
    },
  },
  {
    name: 'index-type-unsaid',
    serve(place) {
      const { descriptor, diffIds } = member(place);
      addIndex(place, [{ ...descriptor, platform: linux('amd64') }], { index: { mediaType: undefined } });
      return { diffIds };
    },
  },
  {
    name: 'index-twice-the-same',
    serve(place) {
      const first = member(place);
      const second = addImage(untagged(place), { layers: [layerOf('second')] });
      const platform = linux('amd64');
      addIndex(place, [
        { ...first.descriptor, platform },
        { ...second.descriptor, platform },
      ]);
      return first;
    },
  },
  { name: 'index-empty', refused: /it has no platforms/, serve: (place) => none(place, []) },
  { name: 'index-null', refused: /it has no platforms/, serve: (place) => none(place, null) },
  {
    name: 'index-also-layers',
    refused: /both layers and manifests/,
    serve(place) {
      const { descriptor, diffIds } = member(place);
      addIndex(place, [{ ...descriptor, platform: linux('amd64') }], { index: { layers: [] } });
      return { diffIds };
    },
  },
];

function none(place: Place, manifests: readonly object[] | null): { diffIds: readonly string[] } {
  addIndex(place, manifests);
  return { diffIds: [] };
}

/** An image below indexes, innermost first; each entry says this of its platform. */
function nested(name: string, levels: readonly (object | undefined)[], more: Partial<Shape> = {}): Shape {
  return {
    name,
    serve(place) {
      const { descriptor, diffIds } = member(place);
      let entry: object = { ...descriptor, platform: linux('amd64') };
      for (const [position, platform] of levels.entries()) {
        const isTop = position === levels.length - 1;
        const index = addIndex(isTop ? place : untagged(place), [entry], { isDocker: position % 2 === 1 });
        entry = platform === undefined ? index : { ...index, platform };
      }
      return { diffIds };
    },
    ...more,
  };
}

const amd64 = linux('amd64');

const nestedIndexes: readonly Shape[] = [
  nested('nested', [amd64, undefined]),
  nested('nested-unsaid', [undefined, undefined]),
  nested('nested-3', [amd64, amd64, amd64]),
  nested(
    'nested-8',
    Array.from({ length: 8 }, () => undefined),
  ),
  nested(
    'nested-9',
    Array.from({ length: 9 }, () => undefined),
    {
      stricter: { says: /more than 8 deep/, because: 'the depth of indexes is limited' },
    },
  ),
  nested('nested-arm64', [linux('arm64'), undefined], { refused: /cannot find linux\/amd64/ }),
  {
    name: 'nested-beside-arm64',
    serve(place) {
      const arm = member(place, 'arm64').descriptor;
      const { descriptor, diffIds } = member(place);
      const inner = addIndex(untagged(place), [{ ...descriptor, platform: amd64 }]);
      addIndex(place, [
        { ...arm, platform: linux('arm64') },
        { ...inner, platform: amd64 },
      ]);
      return { diffIds };
    },
  },
];

/** Shapes of indexes: platforms, entries, nesting. */
export const platformShapes: readonly Shape[] = [...entries, ...indexes, ...nestedIndexes];
