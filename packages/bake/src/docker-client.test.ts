import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runDockerClient } from './docker-client.ts';

describe('the docker client', () => {
  let dir: string;
  let lines: string[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dray-client-'));
    lines = [];
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const run = (script: string | undefined, signal?: AbortSignal): Promise<void> => {
    if (script !== undefined) {
      writeFileSync(join(dir, 'docker'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return runDockerClient({
      what: 'build app:1',
      args: ['build', 'a b'],
      env: { PATH: `${dir}:/usr/bin:/bin`.slice(0, script === undefined ? dir.length : undefined) },
      onLine: (line) => lines.push(line),
      signal,
    });
  };

  test('runs with its arguments, and its output lines are passed on', async () => {
    await run('printf "%s|" "$@"; echo; echo error >&2');
    expect(lines.toSorted()).toEqual(['build|a b|', 'error']);
  });

  test('rejects with its last line when it fails', async () => {
    const failing = run('echo step; echo "no space left" >&2; exit 1');
    await expect(failing).rejects.toMatchObject({
      code: 'ENGINE_API',
      message: expect.stringMatching(/no space left|step/),
    });
  });

  test('rejects when it is missing', async () => {
    await expect(run(undefined)).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });

  test('ends on abort', async () => {
    const controller = new AbortController();
    const running = run('echo ready; exec sleep 60', controller.signal);
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
