import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { transportContract } from '@drayage/core/testing';
import { createOciTransport, type OciTransport } from '@drayage/oci';
import { startStrictRegistry } from '@drayage/oci/testing';

import { isBlobDownload, type LoggedRequest } from './support/access-log.ts';
import { dray, drayJson, reportOf, startDray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { expectBoundedMemory, pushLargeImage, pushVersions } from './support/handover-images.ts';
import type { PushedImage } from './support/images.ts';
import type { Running } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;
const login = { user: 'ci', password: 'planted-registry-password' };

describeWith({ registry: true }, 'docker-registry as a handover location', () => {
  let registry: TestRegistry;
  let repositories = 0;

  beforeAll(async () => {
    registry = await startRegistry({ htpasswd: login });
  }, limit);
  afterAll(() => registry.stop(), limit);

  const open = (url: string, username = login.user): OciTransport => {
    const credential = { kind: 'basic', username, password: login.password, source: 'the test' } as const;
    return createOciTransport({
      ...{ url, key: '1001', retry: { baseDelayMs: 1, maxDelayMs: 5 } },
      credentials: { find: () => Promise.resolve(credential) },
    });
  };
  const nextUrl = (): string => `oci://${registry.host}/contract/${String((repositories += 1))}`;
  const nothing = (): Promise<void> => Promise.resolve();

  const contract = transportContract({
    create: async () => ({ subject: open(nextUrl()), dispose: nothing }),
    reopen: async ({ location }) => open(location),
    secret: login.password,
    createBroken: async () => ({ subject: open(nextUrl(), 'nobody'), dispose: nothing }),
  });
  for (const { name, run } of contract) test(name, run, limit);
});

describeWith({ engine: variant, registry: true }, 'a handover through a registry', () => {
  let origin: TestRegistry;
  let place: TestRegistry;
  let engine: TestEngine;
  let nodes: string;
  let app: PushedImage;
  let next: PushedImage;
  let repositories = 0;
  let url: string;
  const outputs: string[] = [];
  const running: Running[] = [];

  beforeAll(async () => {
    origin = await startRegistry();
    place = await startRegistry({ htpasswd: login });
    engine = await startEngine(variant);
    ({ app, next } = await pushVersions(origin));
  }, limit);

  afterAll(async () => {
    await engine.stop();
    await place.stop();
    await origin.stop();
  }, limit);

  beforeEach(async () => {
    nodes = makeFolder();
    url = `oci://${place.host}/ci/handover-${String((repositories += 1))}`;
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    for (const child of running.splice(0)) await child.kill('SIGKILL');
    expect(outputs.splice(0).join('\n')).not.toContain('planted');
    await removeFolder(nodes);
  });

  /** The variables of a job on a node of its own. */
  function job(pipeline: number, node: string, more: Record<string, string> = {}): Record<string, string> {
    const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
    return {
      DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [place.host]: { auth } } }),
      DRAY_PIPELINE: String(pipeline),
      DRAY_HANDOVER: url,
      DRAY_BUNDLE: join(nodes, node),
      ...more,
    };
  }

  async function run(
    args: readonly string[],
    options: Parameters<typeof dray>[1],
  ): Promise<Awaited<ReturnType<typeof dray>>> {
    const finished = await dray(args, options);
    outputs.push(finished.stdout, finished.stderr);
    return finished;
  }

  const isUpload = ({ method, path }: LoggedRequest): boolean =>
    method === 'PUT' && path.includes('/blobs/uploads/');

  test(
    'brings the images of one node to the engine of another, byte for byte',
    async () => {
      const load = startDray(['load', '--strict', '--json'], { env: job(7, 'two'), host: engine.host });
      running.push(load);
      await load.waitFor(/waiting/);
      const prepull = await run(['prepull', app.reference, '--verbose'], { env: job(7, 'one') });
      expect([prepull.exitCode, prepull.stderr]).toEqual([0, expect.stringContaining('5 blobs')]);
      const finished = await load.finished;
      outputs.push(finished.stdout, finished.stderr);
      expect(reportOf('load', finished)).toMatchObject({
        outcome: 'hit',
        images: [{ reference: app.reference, delivery: 'load' }],
      });
      const pulled = await engine.docker(['pull', app.reference]);
      expect(pulled.stdout).toMatch(/Image is up to date/);
    },
    limit,
  );

  test(
    'moves nothing for a second pipeline whose images have not changed, and says so',
    async () => {
      await drayJson('prepull', [app.reference], { env: job(7, 'one') });
      let downloads: readonly LoggedRequest[] = [];
      const requests = await place.requestsDuring(async () => {
        downloads = await origin.requestsDuring(async () => {
          const again = await run(['prepull', app.reference], { env: job(8, 'two') });
          expect([again.exitCode, again.stderr]).toEqual([
            0,
            expect.stringMatching(/nothing had to be moved/),
          ]);
        });
      });
      expect([downloads.filter(isBlobDownload), requests.filter(isUpload)]).toEqual([[], []]);
      const changed = await drayJson('prepull', [next.reference], { env: job(9, 'three') });
      // Manifest, config and the layer that differs.
      expect(changed.sent).toMatchObject({ blobs: 3 });
      const report = await drayJson('load', ['--strict'], { env: job(8, 'four'), host: engine.host });
      expect(report.images.map(({ reference }) => reference)).toEqual([app.reference]);
    },
    limit,
  );

  test(
    'serves a pipeline without a pre-pull from a named key',
    async () => {
      await drayJson('prepull', [app.reference, '--key', 'nightly'], { env: job(7, 'one') });
      const env = job(99, 'two', { DRAY_HANDOVER: `${url}:nightly` });
      const report = await drayJson('load', ['--strict', '--settled'], { env, host: engine.host });
      expect(report.images.map(({ reference, delivery }) => [reference, delivery])).toEqual([
        [app.reference, 'load'],
      ]);
    },
    limit,
  );

  test(
    'hands packs over, too',
    async () => {
      await drayJson('prepull', ['--form', 'packs', app.reference], { env: job(7, 'one') });
      const report = await drayJson('load', ['--strict', '--delivery', 'load'], {
        ...{ env: job(7, 'two'), host: engine.host },
      });
      expect(report).toMatchObject({ outcome: 'hit', images: [{ reference: app.reference }] });
    },
    limit,
  );

  test(
    'makes images that any engine can pull',
    async () => {
      const shared = `oci://${origin.host}/ci/images`;
      const env = job(7, 'one', { DRAY_HANDOVER: shared });
      const requests = await origin.requestsDuring(async () => {
        const prepull = await run(['prepull', app.reference, '--as-images', '--json'], { env });
        const name = `${origin.host}/ci/images:${app.reference.replace(/[/:]/g, '-')}`;
        expect(JSON.parse(prepull.stdout)).toMatchObject({
          published: [{ reference: app.reference, name }],
        });
        await engine.docker(['pull', name]);
        const ran = await engine.docker(['run', '--rm', name, '/bin/busybox', 'echo', 'pulled']);
        expect(ran.stdout).toContain('pulled');
      });
      const mounts = requests.filter(({ path, status }) => path.includes('mount=') && status === 201);
      // The layers and the config were in that registry already: none was fetched by the pre-pull.
      expect(mounts).toHaveLength(4);
      expect(
        requests.filter((request) => isBlobDownload(request) && /drayage/.test(request.userAgent)).length,
      ).toBeLessThan(4);
    },
    limit,
  );

  test(
    'survives a registry that is killed and comes back',
    async () => {
      const dir = join(nodes, 'blobs');
      const first = await startRegistry({ dir });
      const env = job(7, 'one', { DRAY_HANDOVER: `oci://${first.host}/ci/handover` });
      await drayJson('prepull', [app.reference], { env });
      await first.stop();
      const load = startDray(['load', '--strict', '--json'], {
        env: { ...env, DRAY_BUNDLE: join(nodes, 'two') },
        host: engine.host,
      });
      running.push(load);
      const second = await startRegistry({ dir, port: Number(first.host.split(':')[1]) });
      const finished = await load.finished;
      await second.stop();
      expect(reportOf('load', finished)).toMatchObject({ outcome: 'hit' });
    },
    limit,
  );

  test(
    'has two senders with one key, and delivers what either has packed',
    async () => {
      await Promise.all(
        ['one', 'two'].map((node) =>
          drayJson('prepull', [app.reference, next.reference], { env: job(7, node) }),
        ),
      );
      const report = await drayJson('load', ['--strict', '--settled'], {
        env: job(7, 'three'),
        host: engine.host,
      });
      expect(report.images.map(({ reference }) => reference).toSorted()).toEqual([
        app.reference,
        next.reference,
      ]);
    },
    limit,
  );

  test(
    'lists keys, and deletes those that are old',
    async () => {
      await drayJson('prepull', [app.reference], { env: job(7, 'one') });
      await drayJson('prepull', [app.reference], { env: job(8, 'two') });
      const listed = await run(['handover', 'list', url, '--json'], { env: job(8, 'two') });
      expect(JSON.parse(listed.stdout)).toMatchObject({ bundles: [{ key: '7' }, { key: '8' }] });
      const kept = await run(['handover', 'clean', url], { env: job(8, 'two') });
      expect([kept.exitCode, kept.stdout]).toEqual([0, expect.stringContaining('0 files deleted')]);
    },
    limit,
  );

  test(
    'needs no memory for the bytes of a layer of 300 MB',
    async () => {
      const { reference } = await pushLargeImage(origin);
      const prepull = await run(['prepull', reference], { env: job(7, 'one') });
      const load = await run(['load', '--strict'], { env: job(7, 'two'), host: engine.host });
      expectBoundedMemory([prepull, load]);
    },
    limit,
  );
});

describe('a registry that deletes nothing', () => {
  test(
    'is left as it is by a clean-up, which says so once and succeeds',
    async () => {
      const registry = await startStrictRegistry({ deletes: false });
      try {
        const handover = `oci://${registry.host}/ci/handover`;
        const old = new Date(Date.now() - 9 * 24 * 3_600_000).toISOString();
        const status = {
          version: 1,
          runId: 'x',
          state: 'ready',
          beat: 1,
          leaseMs: 1,
          startedAt: old,
          updatedAt: old,
        };
        const document = { ...status, progress: { bytesFetched: 0, bytesReused: 0 }, images: [] };
        const credentials = { find: () => Promise.resolve(undefined) };
        for (const key of ['one', 'two']) {
          const transport = createOciTransport({ url: handover, key, credentials });
          await transport.documents.write('dray-status.json', Buffer.from(JSON.stringify(document)));
          await transport.close();
        }
        const { exitCode, stdout } = await dray(['handover', 'clean', handover]);
        expect([exitCode, stdout.match(/deletes nothing/g)]).toEqual([0, ['deletes nothing']]);
        await waitUntil(() => registry.log.some(({ method }) => method === 'DELETE'), 'it is asked');
      } finally {
        await registry.close();
      }
    },
    limit,
  );
});
