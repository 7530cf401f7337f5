import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parseDigest, type DeliveryReport } from '@drayage/core';
import { createDirectoryTransport } from '@drayage/core/bundle';
import { sweepLiveMounts } from '@drayage/mount/testing';

import { makeBridge, type TestBridge } from './support/bridge.ts';
import { dray, drayJson, reportOf } from './support/dray.ts';
import { engineInFolder, type EngineInFolder } from './support/engine-process.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { blobFile, forgePack, packOf } from './support/forge-in-place.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { liveRequest } from './support/live.ts';
import { mountTmpfs } from './support/mounts.ts';
import { errorCodeIn, makeDataRoot } from './support/private-engine.ts';
import type { Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const minute = 60_000;
const variant = { name: '28.5', imageStore: 'containerd' } as const;
const needs = { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs'], root: true };

const ours = generateKeyPairSync('ed25519');
const theirs = generateKeyPairSync('ed25519');

function pemOf(key: KeyObject): string {
  return key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();
}

const signing = { DRAY_SIGNING_KEY: pemOf(ours.privateKey) };
const checking = { DRAY_VERIFY_KEY: pemOf(ours.publicKey) };

function fail(): never {
  throw new Error('the pack has too few layers');
}

describeWith(needs, 'a bundle that was signed', () => {
  let registry: TestRegistry;
  let bridge: TestBridge;
  let folder: string;
  let engine: EngineInFolder;
  let end: () => Promise<void>;
  let signed: string;
  let bundle: string;
  let app: PushedImage;
  let other: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    bridge = await makeBridge();
    folder = makeFolder();
    await mountTmpfs(folder);
    const config = { Cmd: ['cat', '/version'] };
    const version = (content: string): Parameters<typeof pushImage>[2] => ({
      layers: [busyboxLayer(), [{ path: 'version', content }]],
      config,
    });
    app = await pushImage(registry, 'team/app:1', version('one'));
    other = await pushImage(registry, 'team/other:1', version('EVL'));
    signed = makeFolder();
    const args = ['--sign', '--signature-context', 'team/app', '--form', 'both', '--bundle', signed];
    await drayJson('prepull', [...args, app.reference], { env: signing });
    ({ engine, end } = await engineInFolder(folder, { ...variant, bridge: bridge.name }));
  }, 3 * minute);

  afterAll(async () => {
    await end();
    await removeFolder(folder);
    await removeFolder(signed);
    await bridge.remove();
    await registry.stop();
  }, minute);

  beforeEach(async () => {
    bundle = makeFolder();
    await cp(signed, bundle, { recursive: true });
  });

  afterEach(async () => {
    await engine.docker(['system', 'prune', '--all', '--force']);
    await sweepLiveMounts(await liveRequest(engine, signed));
    await removeFolder(bundle);
  }, minute);

  const runImage = async (): Promise<string> =>
    (await engine.docker(['run', '--rm', '--network', 'none', app.reference])).stdout.trim();
  const hasImage = async (): Promise<boolean> =>
    (await engine.docker(['images', '--quiet', app.reference])).stdout.trim() !== '';

  interface Loaded {
    readonly report: DeliveryReport;
    readonly exitCode: number | undefined;
  }

  const load = async (
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = checking,
  ): Promise<Loaded> => {
    const finished = await dray(
      ['load', '--require-signature', '--strict', '--settled', '--bundle', bundle, '--json', ...args],
      { host: engine.host, env },
    );
    return { report: reportOf('load', finished), exitCode: finished.exitCode };
  };
  const expectRefusal = async (code: string, loading: Promise<Loaded>): Promise<void> => {
    const { report, exitCode } = await loading;
    expect(report).toMatchObject({ outcome: 'miss' });
    expect(JSON.stringify(report)).toContain(code);
    expect(exitCode).toBe(3);
    expect(await hasImage()).toBe(false);
  };

  test(
    'is accepted, by the public key and by the private one',
    async () => {
      expect((await load()).report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount' }] });
      expect(await runImage()).toBe('one');
      expect((await load(['--signature-context', 'team/app'], signing)).report).toMatchObject({
        outcome: 'hit',
      });
      expect(await drayJson('verify', ['--bundle', bundle], { env: checking })).toMatchObject({
        ok: true,
        signature: 'valid',
      });
    },
    2 * minute,
  );

  test(
    'is refused by another key, for another purpose, and when the signature is gone',
    async () => {
      const otherKey = { DRAY_VERIFY_KEY: pemOf(theirs.publicKey) };
      await expectRefusal('SIGNATURE_INVALID', load([], otherKey));
      await expectRefusal('SIGNATURE_INVALID', load(['--signature-context', 'team/other']));
      rmSync(join(bundle, 'dray-signature.json'));
      await expectRefusal('SIGNATURE_MISSING', load());
      const finished = await dray(['bundle', 'verify', '--bundle', bundle], { env: checking });
      expect(finished.exitCode).toBe(3);
      expect(finished.stdout).toContain('SIGNATURE_MISSING');
    },
    2 * minute,
  );

  test(
    'lets the job go on without images where nothing strict was asked for, or lets the engine pull',
    async () => {
      rmSync(join(bundle, 'dray-signature.json'));
      const args = ['load', '--require-signature', '--settled', '--bundle', bundle, '--json'];
      const options = { host: engine.host, env: checking };
      const gone = await dray(args, options);
      expect(gone.exitCode).toBe(0);
      expect(await hasImage()).toBe(false);
      const pulled = await dray([...args, '--on-miss', 'pull', '--only', app.reference], options);
      expect(reportOf('load', pulled)).toMatchObject({ images: [{ delivery: 'pull' }] });
      expect(await runImage()).toBe('one');
    },
    2 * minute,
  );

  test(
    'is used as it was signed, whatever has become of index.json',
    async () => {
      const attacker = makeFolder();
      try {
        await drayJson('prepull', ['--form', 'both', '--bundle', attacker, other.reference]);
        const theirIndex = readFileSync(join(attacker, 'index.json'), 'utf8');
        await cp(join(attacker, 'blobs'), join(bundle, 'blobs'), { recursive: true });
        writeFileSync(join(bundle, 'index.json'), theirIndex.replaceAll('team/other', 'team/app'));
      } finally {
        await removeFolder(attacker);
      }
      expect((await load()).report).toMatchObject({ outcome: 'hit' });
      expect(await runImage()).toBe('one');
      const finished = await dray(['bundle', 'verify', '--bundle', bundle], { env: checking });
      expect(finished.exitCode).toBe(3);
      expect(finished.stdout).toContain('SIGNATURE_INVALID');
    },
    2 * minute,
  );

  test(
    'does not take a pack that was put in the place of another',
    async () => {
      await forgePack(bundle, async (tree) => {
        for (const layer of readdirSync(tree)) {
          const file = join(tree, layer, 'version');
          if (statSync(file, { throwIfNoEntry: false }) !== undefined) writeFileSync(file, 'EVL');
        }
      });
      expect((await load()).report).toMatchObject({ outcome: 'hit' });
      expect(await runImage()).toBe('one');
    },
    2 * minute,
  );

  test(
    'does not take a pack, a tar-split or a manifest whose bytes were changed',
    async () => {
      const pack = await packOf(bundle);
      const flip = (file: string): void => {
        const bytes = readFileSync(file);
        const middle = Math.floor(bytes.length / 2);
        bytes[middle] = (bytes[middle] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      };
      for (const digest of [pack.image.digest, pack.config.digest, pack.manifest.digest]) {
        const whole = readFileSync(blobFile(bundle, digest));
        flip(blobFile(bundle, digest));
        // What is broken is loaded from the layers, which are whole.
        expect((await load(['--delivery', 'mount'])).report).toMatchObject({
          outcome: 'hit',
          images: [{ delivery: 'load' }],
        });
        expect(await runImage()).toBe('one');
        await engine.docker(['system', 'prune', '--all', '--force']);
        writeFileSync(blobFile(bundle, digest), whole);
      }
      await engine.docker(['system', 'prune', '--all', '--force']);
      // Without layers the tars are rebuilt, and each with its own tar-split.
      for (const { digest } of app.layers) rmSync(blobFile(bundle, parseDigest(digest, 'the layer')));
      const [{ tarSplit } = fail(), { tarSplit: another } = fail()] = pack.layers;
      const [split, theirs] = [blobFile(bundle, tarSplit.digest), blobFile(bundle, another.digest)];
      const whole = readFileSync(split);
      writeFileSync(split, readFileSync(theirs));
      await expectRefusal('_MISMATCH', load(['--delivery', 'load']));
      writeFileSync(split, whole);
      flip(blobFile(bundle, parseDigest(app.manifest.digest, 'the manifest')));
      await expectRefusal('DIGEST_MISMATCH', load());
    },
    3 * minute,
  );

  test(
    'is not continued with what others have put there',
    async () => {
      const poisoned = makeFolder();
      try {
        await drayJson('prepull', ['--form', 'packs', '--bundle', poisoned, other.reference]);
        const args = ['prepull', '--sign', '--form', 'packs', '--bundle', poisoned, '--json', app.reference];
        const finished = await dray(args, { env: signing });
        expect(finished.exitCode).toBe(0);
        expect(finished.stderr).toContain('ignoring the existing bundle');
        const inspection = await drayJson('inspect', ['--bundle', poisoned]);
        expect(inspection.images.map(({ reference }) => reference)).toEqual([app.reference]);
        expect(inspection.packs).toHaveLength(1);
        // A run that does not sign leaves no signature of an earlier one.
        await drayJson('prepull', ['--bundle', poisoned, other.reference]);
        expect(readdirSync(poisoned)).not.toContain('dray-signature.json');
      } finally {
        await removeFolder(poisoned);
      }
    },
    2 * minute,
  );

  test(
    'is the only kind of bundle that a private engine starts with, a bake bakes and an unpack unpacks',
    async () => {
      const root = await makeDataRoot(variant, checking);
      const output = makeFolder();
      const options = { env: checking };
      const reportIn = ({ stdout }: Finished): unknown => JSON.parse(stdout);
      const trusting = ['--require-signature', '--json', '--bundle', bundle];
      const start = (): Promise<Finished> => root.engine('start', trusting);
      const bake = (): Promise<Finished> =>
        dray(['bake', '--output', join(output, 'baked'), ...trusting], options);
      const unpack = (): Promise<Finished> =>
        dray(['bundle', 'unpack', ...trusting.slice(0, -1), bundle], options);
      try {
        // What is in index.json was put there later, and does not count.
        const index = join(bundle, 'index.json');
        const evil = readFileSync(index, 'utf8').replaceAll('team/app', 'team/evil');
        writeFileSync(index, evil);
        expect(reportIn(await start())).toMatchObject({
          images: [{ reference: app.reference, delivery: 'mount' }],
        });
        expect(reportIn(await bake())).toMatchObject({ images: [app.reference] });
        for (const { digest } of app.layers) rmSync(blobFile(bundle, parseDigest(digest, 'the layer')));
        expect(reportIn(await unpack())).toMatchObject({ images: [app.reference], layers: 2 });
        await root.engine('stop', ['--purge']);
        await removeFolder(join(output, 'baked'));
        rmSync(join(bundle, 'dray-signature.json'));
        writeFileSync(index, evil);
        for (const run of [start, bake, unpack]) {
          const refused = await run();
          expect(refused.exitCode).not.toBe(0);
          expect(errorCodeIn(refused)).toBe('SIGNATURE_MISSING');
        }
        expect(readFileSync(index, 'utf8')).toBe(evil);
        expect(readdirSync(output)).toEqual([]);
        expect((await root.engine('status')).exitCode).toBe(3);
      } finally {
        await root.remove();
        await removeFolder(output);
      }
    },
    3 * minute,
  );

  test(
    'needs a key, and the key is nowhere to be found afterwards',
    async () => {
      const secret = pemOf(ours.privateKey).split('\n')[1] ?? '';
      for (const args of [
        ['prepull', '--sign', app.reference],
        ['load', '--require-signature'],
        ['bake', '--require-signature'],
        ['bundle', 'unpack', '--require-signature'],
        ['engine', 'start', '--require-signature'],
      ]) {
        const finished = await dray([...args, '--bundle', bundle]);
        expect(finished.exitCode).toBe(2);
        expect(finished.stderr).toContain('no key');
      }
      const broken = await dray(['prepull', '--sign', app.reference, '--bundle', bundle], {
        env: { DRAY_SIGNING_KEY: pemOf(ours.privateKey).replace('-----END', '') },
      });
      expect(broken.exitCode).toBe(2);
      const show = 'env; cat /proc/self/environ';
      const told = await dray(
        ['prepull', '--sign', '--verbose', '--prepare', show, '--bundle', bundle, app.reference],
        { env: { ...signing, ...checking } },
      );
      expect(told.exitCode).toBe(0);
      expect(told.stdout + told.stderr).toContain('PATH=');
      const { documents } = createDirectoryTransport(bundle);
      const written = await Promise.all(
        (['index.json', 'dray-signature.json', 'dray-status.json'] as const).map((name) =>
          documents.read(name),
        ),
      );
      const all = [broken, told].map(({ stdout, stderr }) => stdout + stderr);
      for (const text of [...all, ...written.map((bytes) => Buffer.from(bytes ?? []).toString())]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain('DRAY_SIGNING_KEY=');
      }
    },
    2 * minute,
  );
});
