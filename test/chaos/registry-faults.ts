import { join } from 'node:path';
import { startFaultyRegistry, type Fault, type FaultyRegistry } from '@drayage/registry/testing';

import { dray, drayJson, reportOf } from '../support/dray.ts';
import { serveImage } from '../support/faulty-images.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { busyboxLayer, layerOf } from '../support/images.ts';
import { endOf } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

const largeBytes = 2_000_000;

/** A fault, and how a pre-pull must end: it succeeds all the same, or fails with one of these codes. */
interface Case {
  readonly what: string;
  readonly faults: (context: {
    readonly path: RegExp;
    readonly registry: FaultyRegistry;
  }) => readonly Fault[];
  readonly ends: 'ready' | readonly string[];
}

const cases: readonly Case[] = [
  {
    what: 'a reset in the middle of a blob',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'reset', afterBytes: 700_000 }, times: 2 }],
    ends: 'ready',
  },
  {
    what: 'a reset before each answer, three times',
    faults: () => [{ effect: { kind: 'reset', afterBytes: -1 }, times: 3 }],
    ends: 'ready',
  },
  {
    what: 'resets that never end',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'reset', afterBytes: 0 } }],
    ends: ['REGISTRY_UNREACHABLE'],
  },
  {
    what: 'a truncated blob, once',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'truncate', bytes: 9_000 }, times: 1 }],
    ends: 'ready',
  },
  {
    what: 'a truncated blob, always',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'truncate', bytes: 9_000 } }],
    ends: ['SIZE_MISMATCH'],
  },
  {
    what: 'a burst of 503',
    faults: () => [{ effect: { kind: 'status', status: 503 }, times: 3 }],
    ends: 'ready',
  },
  {
    what: '500 for ever',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'status', status: 500 } }],
    ends: ['REGISTRY_PROTOCOL', 'REGISTRY_UNREACHABLE'],
  },
  {
    what: '429 with Retry-After in seconds',
    faults: () => [{ effect: { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, times: 2 }],
    ends: 'ready',
  },
  {
    what: '429 with Retry-After as a date in the past',
    faults: () => [
      {
        effect: { kind: 'status', status: 429, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } },
        times: 2,
      },
    ],
    ends: 'ready',
  },
  {
    what: '429 for ever',
    faults: () => [{ effect: { kind: 'status', status: 429, headers: { 'retry-after': '0' } } }],
    ends: ['REGISTRY_RATE_LIMITED'],
  },
  {
    what: 'a blob of another content',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'corrupt' } }],
    ends: ['DIGEST_MISMATCH'],
  },
  {
    what: 'a manifest of another content',
    faults: () => [{ kind: 'manifest', method: 'GET', effect: { kind: 'corrupt' } }],
    ends: ['DIGEST_MISMATCH', 'MANIFEST_INVALID'],
  },
  {
    what: 'more bytes than announced in the manifest',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'extra', bytes: 100 } }],
    ends: ['SIZE_MISMATCH', 'DIGEST_MISMATCH'],
  },
  {
    what: 'a registry that ignores ranges after a reset',
    faults: ({ path }) => [
      { kind: 'blob', path, effect: { kind: 'reset', afterBytes: 600_000 }, times: 1 },
      { kind: 'blob', path, effect: { kind: 'ignoreRange' } },
    ],
    ends: 'ready',
  },
  {
    what: 'chunks without a length',
    faults: ({ path }) => [
      { kind: 'blob', path, effect: { kind: 'headers', headers: { 'content-length': undefined } } },
    ],
    ends: 'ready',
  },
  {
    what: 'a loop of redirects',
    faults: ({ path, registry }) => [
      {
        kind: 'blob',
        path,
        effect: { kind: 'redirect', to: new URL(`http://${registry.host}/v2/team/app/blobs/${path.source}`) },
      },
    ],
    ends: ['REGISTRY_PROTOCOL', 'REGISTRY_UNREACHABLE'],
  },
  {
    what: 'a redirect to the object store',
    faults: ({ path }) => [{ kind: 'blob', path, effect: { kind: 'redirect', to: 'storage' } }],
    ends: 'ready',
  },
  {
    what: 'HEAD with 405, 404 or 500',
    faults: () =>
      [405, 404, 500].map((status) => ({ method: 'HEAD', effect: { kind: 'status', status }, times: 1 })),
    ends: 'ready',
  },
  {
    what: 'HEAD with another length',
    faults: () => [{ method: 'HEAD', effect: { kind: 'headers', headers: { 'content-length': '1' } } }],
    ends: 'ready',
  },
  {
    // As with docker pull, which asks for the manifest of this digest, too.
    what: 'HEAD with another digest',
    faults: () => [
      {
        method: 'HEAD',
        effect: { kind: 'headers', headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` } },
      },
    ],
    ends: ['REGISTRY_NOT_FOUND'],
  },
];

/** A round goes through the whole table. */
export const registryFaults: Scenario = {
  name: 'registry-faults',
  needs: {},
  rounds: 2,
  success: 'as documented',
  run,
};

async function run({ rounds, attempt }: Campaign): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const each of cases) await attempt(each.what, () => tryCase(each));
    await attempt('a token that expires in the middle', expiredToken);
  }
  // Takes half a minute.
  if (rounds > 1) await attempt('a byte a second', slowRegistry);
}

async function tryCase({ faults, ends }: Case): Promise<void> {
  await withRegistry({}, async ({ registry, reference, path, bundle }) => {
    for (const fault of faults({ path, registry })) registry.inject(fault);
    const finished = await dray(['prepull', reference, '--bundle', bundle, '--json']);
    if (ends === 'ready') {
      if (finished.exitCode !== 0) throw new Error(`exit ${endOf(finished)}`);
    } else {
      const code = reportOf('prepull', finished).images[0]?.error?.code ?? 'none';
      if (finished.exitCode !== 3 || !ends.includes(code))
        throw new Error(`${code}, exit ${endOf(finished)}`);
    }
    const { images } = await drayJson('verify', [bundle]);
    if (images !== (ends === 'ready' ? 1 : 0)) throw new Error(`the bundle has ${String(images)} images`);
    registry.clearFaults();
    await drayJson('prepull', [reference, '--bundle', bundle]);
    await drayJson('verify', [bundle]);
  });
}

/** Each token is good for one request only, and the blob takes several. */
async function expiredToken(): Promise<void> {
  const auth = { kind: 'bearer', usesPerToken: 1 } as const;
  await withRegistry({ auth }, async ({ registry, reference, path, bundle }) => {
    for (const afterBytes of [300_000, 500_000, 700_000]) {
      registry.inject({ kind: 'blob', path, effect: { kind: 'reset', afterBytes }, times: 1 });
    }
    // Of several requests at once, each would take the other's token.
    await drayJson('prepull', [reference, '--bundle', bundle, '--concurrency', '1']);
    await drayJson('verify', [bundle]);
  });
}

/** The first answer is given up after half a minute, and the second brings the rest. */
async function slowRegistry(): Promise<void> {
  await withRegistry({}, async ({ registry, reference, path, bundle }) => {
    registry.inject({ kind: 'blob', path, effect: { kind: 'drip', pauseMs: 1000 }, times: 1 });
    await drayJson('prepull', [reference, '--bundle', bundle]);
    await drayJson('verify', [bundle]);
  });
}

interface Context {
  readonly registry: FaultyRegistry;
  readonly reference: string;
  /** Matches the digest of the large layer. */
  readonly path: RegExp;
  readonly bundle: string;
}

async function withRegistry(
  options: Parameters<typeof startFaultyRegistry>[0],
  action: (context: Context) => Promise<void>,
): Promise<void> {
  const registry = await startFaultyRegistry(options);
  const folder = makeFolder();
  try {
    const large = { path: 'large', content: { seed: 'faults', sizeBytes: largeBytes, randomShare: 1 } };
    const image = await serveImage(registry, 'team/app:1', { layers: [busyboxLayer(), [large]] });
    const path = new RegExp(layerOf(image, 1).digest);
    await action({ registry, reference: image.reference, path, bundle: join(folder, 'bundle') });
  } finally {
    await registry.close();
    await removeFolder(folder);
  }
}
