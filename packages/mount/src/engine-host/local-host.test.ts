import { describe, expect, test } from '@jest/globals';
import type { EngineInfo } from '@drayage/core';
import { findLocalEngine } from './local-engine.ts';
import { hasSysAdmin, runCommand } from '@drayage/host';

const info: EngineInfo = {
  location: 'tcp://docker:2376',
  version: '28.5.2',
  apiVersion: '1.51',
  imageStore: 'containerd',
  storageDriver: 'overlayfs',
  platform: { os: 'linux', architecture: 'amd64' },
};

describe('the right to mount', () => {
  test('is CAP_SYS_ADMIN among the effective capabilities', () => {
    expect(hasSysAdmin('Name:\tnode\nCapEff:\t000001ffffffffff\n')).toBe(true);
    expect(hasSysAdmin('CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n')).toBe(false);
    expect(hasSysAdmin('')).toBe(false);
  });
});

describe('an engine of this machine', () => {
  test.each(['tcp://docker:2376', 'unix:///nonexistent/docker.sock'])(
    'is not one at %s',
    async (location) => {
      await expect(findLocalEngine({ ...info, location }, undefined)).rejects.toMatchObject({
        code: 'MOUNT_UNAVAILABLE',
      });
    },
  );
});

describe('a command', () => {
  test('gives its exit code and what it printed, and gets its input', async () => {
    const done = await runCommand(['sh', '-c', 'cat; echo no >&2; exit 3'], { stdin: 'in' });
    expect(done).toEqual({ exitCode: 3, stdout: 'in', stderr: 'no\n' });
  });

  test('that a signal ended counts as shells count', async () => {
    expect((await runCommand(['sh', '-c', 'kill -9 $$'])).exitCode).toBe(137);
  });

  test('that is not there is MOUNT_UNAVAILABLE, and one that is aborted ABORTED', async () => {
    await expect(runCommand(['/nonexistent'])).rejects.toMatchObject({ code: 'MOUNT_UNAVAILABLE' });
    const stop = new AbortController();
    const sleeping = runCommand(['sleep', '60'], { signal: stop.signal });
    stop.abort();
    await expect(sleeping).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(runCommand(['true'], { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
