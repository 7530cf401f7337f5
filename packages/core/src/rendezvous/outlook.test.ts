import { describe, expect, test } from '@jest/globals';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import { digestOf } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { outlooks, prospectReason } from './outlook.ts';
import type { StatusDocument, StatusImage } from './status.ts';
import type { Prospect } from './waiting.ts';
import type { Sighting } from './watch.ts';

const redis = parseReference('redis:7');
const postgres = parseReference('postgres:16');

function entry(name: string): BundleEntry {
  return {
    reference: parseReference(name),
    target: { mediaType: mediaTypes.ociManifest, digest: digestOf(name), size: 1 },
  };
}

function sighting(
  kind: Prospect['kind'],
  images?: readonly StatusImage[],
  entries?: readonly BundleEntry[],
): Sighting {
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
  return { prospect: { kind }, status, index: entries && { entries, packs: [] } };
}

function kinds(seen: Sighting, only = [redis]): readonly string[] | undefined {
  return outlooks(seen, only)?.map(({ kind }) => kind);
}

describe('the outlook for a wanted image', () => {
  const pending = { reference: 'docker.io/library/redis:7', state: 'pending' } as const;
  const ready = { ...pending, state: 'ready' } as const;

  test('is ready while the pre-pull still works on others', () => {
    expect(kinds(sighting('running', [ready], [entry('redis:7')]))).toEqual(['ready']);
  });

  test('is coming while the pre-pull works on it, whatever an older index holds', () => {
    expect(kinds(sighting('running', [pending], [entry('redis:7')]))).toEqual(['coming']);
  });

  test('is coming while no pre-pull has begun', () => {
    expect(kinds(sighting('running'))).toEqual(['coming']);
  });

  test('is lost at once when the pre-pull does not fetch it', () => {
    expect(kinds(sighting('running', [ready], []), [postgres])).toEqual(['lost']);
  });

  test('is lost at once when its own pre-pull failed, and says how', () => {
    const error = { code: 'REGISTRY_NOT_FOUND', message: 'no such tag' };
    expect(outlooks(sighting('running', [{ ...pending, state: 'failed', error }]), [redis])).toEqual([
      { kind: 'lost', name: 'redis:7', error },
    ]);
  });

  test.each(['failed', 'cancelled', 'expired', 'timeout'] as const)(
    'is lost when the pre-pull is %s before it is ready',
    (kind) => {
      expect(kinds(sighting(kind, [pending]))).toEqual(['lost']);
    },
  );

  test.each(['failed', 'cancelled', 'expired', 'timeout'] as const)(
    'stays ready when the pre-pull is %s after it',
    (kind) => {
      expect(kinds(sighting(kind, [ready], [entry('redis:7')]))).toEqual(['ready']);
    },
  );

  test('covers every name that the image shall have, whichever it is asked by', () => {
    const app = {
      ...ready,
      alsoNamed: ['docker.io/library/app:ci'],
      chosenFrom: ['docker.io/library/redis:branch', ready.reference],
    };
    const seen = sighting('running', [app], [entry('redis:7'), entry('app:ci')]);
    for (const asked of ['redis:7', 'app:ci', 'redis:branch']) {
      expect(outlooks(seen, [parseReference(asked)])?.map(({ kind, name }) => [kind, name])).toEqual([
        ['ready', 'redis:7'],
        ['ready', 'app:ci'],
      ]);
    }
  });

  test('is coming while it is not known yet which tag it will be', () => {
    const range = { reference: 'postgres:^16', state: 'pending' } as const;
    expect(outlooks(sighting('running', [range]), [])).toEqual([{ kind: 'coming', name: 'postgres:^16' }]);
    expect(kinds(sighting('failed', [range]), [])).toEqual(['lost']);
  });

  test('is nobody’s concern when it is optional and does not exist', () => {
    expect(kinds(sighting('ready', [{ ...pending, state: 'skipped' }]))).toEqual(['skipped']);
  });
});

describe('without a choice of images', () => {
  test('every announced image is wanted', () => {
    const images = ['redis:7', 'postgres:16'].map(
      (name) => ({ reference: `docker.io/library/${name}`, state: 'pending' }) as const,
    );
    expect(kinds(sighting('running', images), [])).toEqual(['coming', 'coming']);
  });

  test('nobody knows what is wanted before a pre-pull has begun', () => {
    expect(kinds(sighting('running'), [])).toBeUndefined();
  });

  test('a finished copy offers all that it holds', () => {
    expect(kinds(sighting('settled', undefined, [entry('redis:7'), entry('postgres:16')]), [])).toEqual([
      'ready',
      'ready',
    ]);
  });

  test('an absent pre-pull offers nothing', () => {
    expect(kinds(sighting('absent'), [])).toEqual([]);
  });
});

describe('the reason of a finished copy', () => {
  test.each(['failed', 'cancelled'] as const)('is that its pre-pull was %s', (state) => {
    const seen = sighting('settled', [], []);
    const status = seen.status && {
      ...seen.status,
      state,
      error: { code: 'REGISTRY_DENIED', message: 'no' },
    };
    expect(prospectReason({ ...seen, status })).toMatch(new RegExp(`^${state}: `));
  });

  test('is that it is one, when its pre-pull ended well', () => {
    expect(prospectReason(sighting('settled', undefined, []))).toMatch(/^settled: /);
  });
});
