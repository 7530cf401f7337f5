import { describe, expect, test } from '@jest/globals';
import type { EngineInfo } from '@drayage/core';
import { findLocalEngine } from './local-engine.ts';
import { hasSysAdmin } from '@drayage/host';
import { requireStarted } from './unavailable.ts';

const info: EngineInfo = {
  location: 'tcp://docker:2376',
  version: '28.5.2',
  apiVersion: '1.51',
  imageStore: 'containerd',
  storageDriver: 'overlayfs',
  platform: { os: 'linux', architecture: 'amd64' },
};

describe('mounting', () => {
  test('needs CAP_SYS_ADMIN in the effective capabilities', () => {
    expect(hasSysAdmin('Name:\tnode\nCapEff:\t000001ffffffffff\n')).toBe(true);
    expect(hasSysAdmin('CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n')).toBe(false);
    expect(hasSysAdmin('')).toBe(false);
  });
});

describe('a local engine', () => {
  test.each(['tcp://docker:2376', 'unix:///nonexistent/docker.sock'])(
    'does not listen at %s',
    async (location) => {
      await expect(findLocalEngine({ ...info, location }, undefined)).rejects.toMatchObject({
        code: 'MOUNT_UNAVAILABLE',
      });
    },
  );
});

test('only a program that does not start throws MOUNT_UNAVAILABLE', () => {
  const failed = { exitCode: 127, stdout: '', stderr: 'sh: x: not found' };
  expect(requireStarted(failed, ['sh'], 'tcp://engine')).toBe(failed);
  const missing = { ...failed, stderr: 'program x not found', startError: new Error() };
  expect(() => requireStarted(missing, ['x'], 'tcp://engine')).toThrow(
    expect.objectContaining({
      code: 'MOUNT_UNAVAILABLE',
      message: 'cannot run x on tcp://engine: program x not found',
    }),
  );
});
