import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type Fault, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

describe('the time limit of a pre-pull', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;
  const never = new Promise<void>(() => undefined);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry({ auth: { kind: 'bearer' } });
    addImage(registry, 'app', ['1']);
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  const prepull = (...args: readonly string[]): Promise<Ended> =>
    runDray(['prepull', `${registry.host}/app:1`, '--platform', 'linux/amd64', '--json', ...args], {
      cwd: directory.path,
    });

  const stuck = (fault: Omit<Fault, 'effect'>, afterBytes: number): Fault => ({
    ...fault,
    effect: { kind: 'gate', afterBytes, gate: never },
  });

  const places: readonly (readonly [string, Fault])[] = [
    ['the answer of the token service', stuck({ kind: 'token' }, 5)],
    ['a manifest', stuck({ kind: 'manifest', method: 'GET' }, 10)],
    ['a layer', stuck({ kind: 'blob' }, 10)],
    ['the first answer', stuck({ kind: 'ping' }, 0)],
  ];

  test.each(places)('ends it while %s does not go on, and those that wait hear of it', async (_, fault) => {
    registry.inject(fault);
    const ended = await prepull('--timeout', '700ms');
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      4,
      { outcome: 'failed', error: { code: 'TIMED_OUT' }, images: [{ state: 'failed' }] },
    ]);
    expect(ended.stderr).toContain('takes longer than the limit of 700 ms');
    const status = await readFile(join(directory.path, '.dray/bundle/dray-status.json'), 'utf8');
    expect(JSON.parse(status)).toMatchObject({ state: 'failed', error: { code: 'TIMED_OUT' } });
  });

  test('keeps what came in time', async () => {
    addImage(registry, 'slow', ['1'], 2);
    registry.inject(stuck({ path: /slow\/manifests/ }, 10));
    const ended = await prepull(`${registry.host}/slow:1`, '--timeout', '2s');
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      4,
      { outcome: 'partial', error: { code: 'TIMED_OUT' }, images: [{ state: 'ready' }, { state: 'failed' }] },
    ]);
  });

  test('is not that of the jobs that wait, in the file', async () => {
    await writeFile(join(directory.path, '.dray.yml'), 'timeout: 1ms\n');
    expect((await prepull()).exitCode).toBe(0);
  });

  const wait = (seconds: number): Fault => ({
    ...{ kind: 'manifest', times: 1 },
    effect: { kind: 'status', status: 429, headers: { 'retry-after': String(seconds) } },
  });

  test('bounds how long a registry may ask to wait, and the wait is said', async () => {
    registry.inject(wait(1));
    const ended = await prepull('--timeout', '1m');
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain(`registry ${registry.host} asks to wait 1 s`);
  });

  test('a longer wait is not begun', async () => {
    registry.inject(wait(3600));
    const ended = await prepull('--timeout', '1m');
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      3,
      { images: [{ error: { code: 'REGISTRY_RATE_LIMITED' } }] },
    ]);
    expect(ended.stderr).toContain('asks to wait 3600 s');
  });
});
