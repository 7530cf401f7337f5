import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray } from '../testing/run-dray.ts';

const planted = [
  'first line\n::error file=x::planted',
  '::warning::planted ##vso[task.setvariable variable=PATH]planted ##[error]planted',
  'section_start:1700000000:planted\r\u001b[0Kplanted',
  '\u001b[31m\u001b]0;planted\u0007\u009b2J\u202eplanted\ndray: planted',
].join('\n');
const steers =
  /::[a-z-]+(?: [^\n]*?)?::|##\[|##vso\[|section_(?:start|end):|(?!\n)\p{Cc}|\u202e|^dray: planted/imu;

describe('text that somebody planted', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  const dray = async (argv: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runDray(argv, { cwd: directory.path });
    return `${stdout}\n${stderr}`;
  };

  test.each([[], ['--verbose'], ['--json']])(
    'in a refusal of a registry steers nothing: %j',
    async (...more) => {
      addImage(registry, 'app', ['1']);
      const body = JSON.stringify({ errors: [{ code: planted, message: planted }] });
      registry.inject({ kind: 'manifest', effect: { kind: 'status', status: 403, body } });
      const text = await dray(['prepull', `${registry.host}/app:1`, ...more]);
      expect(text).toContain('planted');
      expect(text).not.toMatch(steers);
    },
  );

  test.each([
    ['wait', '--grace', '0s'],
    ['wait', '--grace', '0s', '--json'],
    ['bundle', 'inspect', '.dray/bundle'],
    ['bundle', 'verify', '.dray/bundle'],
    ['load', '--grace', '0s'],
  ])('in a status document steers nothing: %s %s %s', async (...argv) => {
    addImage(registry, 'app', ['1']);
    await dray(['prepull', `${registry.host}/app:1`]);
    const error = { code: planted, message: planted, hint: planted };
    const document = {
      ...{ version: 1, runId: planted, state: 'failed', beat: 3, leaseMs: 30_000, error },
      ...{ startedAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:09.000Z' },
      ...{ pipeline: planted, node: planted, progress: { bytesFetched: 1, bytesReused: 1 } },
      images: [{ reference: planted, state: 'failed', error, alsoNamed: [planted] }],
    };
    const bundle = join(directory.path, '.dray', 'bundle');
    await mkdir(bundle, { recursive: true });
    await writeFile(join(bundle, 'dray-status.json'), JSON.stringify(document));
    const text = await dray(argv);
    expect(text.length).toBeGreaterThan(10);
    expect(text).not.toMatch(steers);
  });

  test('in the names of a command line and a file steers nothing', async () => {
    expect(await dray(['prepull', planted])).not.toMatch(steers);
    expect(await dray([planted])).not.toMatch(steers);
    expect(await dray(['bundle', 'verify', planted])).not.toMatch(steers);
  });
});
