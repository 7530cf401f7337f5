import { describe, expect, test } from '@jest/globals';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import { digestOf } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { imageAvailabilities, decisionReason } from './image-availability.ts';
import type { StatusDocument, StatusImage } from './status.ts';
import type { WaitDecision } from './wait-decision.ts';
import type { StatusSnapshot } from './watch.ts';

const redis = parseReference('redis:7');
const postgres = parseReference('postgres:16');

function entry(name: string): BundleEntry {
  return {
    reference: parseReference(name),
    target: { mediaType: mediaTypes.ociManifest, digest: digestOf(name), size: 1 },
  };
}

function snapshot(
  kind: WaitDecision['kind'],
  images?: readonly StatusImage[],
  entries?: readonly BundleEntry[],
): StatusSnapshot {
  const status: StatusDocument | undefined = images && {
    version: 1,
    runId: 'run-1',
    state: kind === 'failed' || kind === 'cancelled' || kind === 'ready' ? kind : 'running',
    beat: 1,
    leaseMs: 30_000,
    startedAt: '',
    updatedAt: '',
    progress: { bytesFetched: 0, bytesReused: 0 },
    images,
  };
  return { decision: { kind }, status, index: entries && { entries, packs: [] } };
}

function kinds(seen: StatusSnapshot, only = [redis]): readonly string[] | undefined {
  return imageAvailabilities(seen, only)?.map(({ kind }) => kind);
}

describe('the availability of a wanted image', () => {
  const pending = { reference: 'docker.io/library/redis:7', state: 'pending' } as const;
  const ready = { ...pending, state: 'ready' } as const;

  test('is ready while the pre-pull still works on others', () => {
    expect(kinds(snapshot('running', [ready], [entry('redis:7')]))).toEqual(['ready']);
  });

  test('is coming while the pre-pull works on it, even if an older index lists it', () => {
    expect(kinds(snapshot('running', [pending], [entry('redis:7')]))).toEqual(['coming']);
  });

  test('is coming before a pre-pull has begun', () => {
    expect(kinds(snapshot('running'))).toEqual(['coming']);
  });

  test('is lost at once when the pre-pull does not fetch it', () => {
    expect(kinds(snapshot('running', [ready], []), [postgres])).toEqual(['lost']);
  });

  test('is lost at once when fetching it failed, with the reason', () => {
    const error = { code: 'REGISTRY_NOT_FOUND', message: 'no such tag' };
    expect(
      imageAvailabilities(snapshot('running', [{ ...pending, state: 'failed', error }]), [redis]),
    ).toEqual([{ kind: 'lost', name: 'redis:7', reference: redis, error }]);
  });

  test.each(['failed', 'cancelled', 'expired', 'timeout'] as const)(
    'is lost when the pre-pull is %s before the image is ready',
    (kind) => {
      expect(kinds(snapshot(kind, [pending]))).toEqual(['lost']);
    },
  );

  test.each(['failed', 'cancelled', 'expired', 'timeout'] as const)(
    'stays ready when the pre-pull is %s later',
    (kind) => {
      expect(kinds(snapshot(kind, [ready], [entry('redis:7')]))).toEqual(['ready']);
    },
  );

  test('covers every name of the image', () => {
    const app = {
      ...ready,
      alsoNamed: ['docker.io/library/app:ci'],
      chosenFrom: ['docker.io/library/redis:branch', ready.reference],
    };
    const seen = snapshot('running', [app], [entry('redis:7'), entry('app:ci')]);
    for (const asked of ['redis:7', 'app:ci', 'redis:branch']) {
      expect(
        imageAvailabilities(seen, [parseReference(asked)])?.map(({ kind, name }) => [kind, name]),
      ).toEqual([
        ['ready', 'redis:7'],
        ['ready', 'app:ci'],
      ]);
    }
  });

  test('is coming while its tag is not resolved yet', () => {
    const range = { reference: 'postgres:^16', state: 'pending' } as const;
    expect(imageAvailabilities(snapshot('running', [range]), [])).toEqual([
      { kind: 'coming', name: 'postgres:^16' },
    ]);
    expect(kinds(snapshot('failed', [range]), [])).toEqual(['lost']);
  });

  test('is skipped when the image is optional and does not exist', () => {
    expect(kinds(snapshot('ready', [{ ...pending, state: 'skipped' }]))).toEqual(['skipped']);
  });
});

describe('without a choice of images', () => {
  test('every announced image is wanted', () => {
    const images = ['redis:7', 'postgres:16'].map(
      (name) => ({ reference: `docker.io/library/${name}`, state: 'pending' }) as const,
    );
    expect(kinds(snapshot('running', images), [])).toEqual(['coming', 'coming']);
  });

  test('the wanted images are unknown before a pre-pull has begun', () => {
    expect(kinds(snapshot('running'), [])).toBeUndefined();
  });

  test('a finished copy offers all its images', () => {
    expect(kinds(snapshot('settled', undefined, [entry('redis:7'), entry('postgres:16')]), [])).toEqual([
      'ready',
      'ready',
    ]);
  });

  test('an absent pre-pull offers nothing', () => {
    expect(kinds(snapshot('absent'), [])).toEqual([]);
  });
});

describe('the reason of a finished copy', () => {
  test.each(['failed', 'cancelled'] as const)('is that its pre-pull was %s', (state) => {
    const seen = snapshot('settled', [], []);
    const status = seen.status && {
      ...seen.status,
      state,
      error: { code: 'REGISTRY_DENIED', message: 'no' },
    };
    expect(decisionReason({ ...seen, status })).toMatch(new RegExp(`^${state}: `));
  });

  test('is that it is finished, when its pre-pull succeeded', () => {
    expect(decisionReason(snapshot('settled', undefined, []))).toMatch(/^settled: /);
  });
});
