import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lockedError } from './locked.ts';
import { ownerLife, readOwner, removeOwner, writeOwner, type Owner } from './owner.ts';
import { currentPidSpace, identifyProcess, parseStartTime } from '@drayage/host';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'owner-'));
});

afterEach(() => rm(dir, { recursive: true }));

async function ownOwner(): Promise<Owner> {
  const identity = await identifyProcess(process.pid);
  return {
    ...(identity ?? { pid: 0, startTime: 0 }),
    ...(await currentPidSpace()),
    hostname: 'box',
    since: '2026-01-01T00:00:00Z',
    socket: '/run/drayage/x/docker.sock',
    runDir: '/run/drayage/x',
    cgroup: '/drayage/x',
  };
}

describe('the owner of a data-root', () => {
  test('can be read back, and is undefined after removal', async () => {
    const file = join(dir, 'owner.json');
    const owner = { ...(await ownOwner()), bridge: 'dray0', ownsChains: true };
    await writeOwner(file, owner);
    expect(await readOwner(file)).toEqual(owner);
    await removeOwner(file);
    await removeOwner(file);
    expect(await readOwner(file)).toBeUndefined();
  });

  test.each(['', '{', '{}', '[]', '{"version":2}', '{"version":1,"pid":"1"}'])(
    'is undefined if the file contains %j',
    async (text) => {
      await writeFile(join(dir, 'owner.json'), text);
      expect(await readOwner(join(dir, 'owner.json'))).toBeUndefined();
    },
  );

  test('lives as long as its process, not as its pid', async () => {
    const owner = await ownOwner();
    const here = await currentPidSpace();
    expect(await ownerLife(owner, here)).toBe('running');
    expect(await ownerLife({ ...owner, startTime: owner.startTime + 1 }, here)).toBe('dead');
    expect(await ownerLife({ ...owner, bootId: 'before' }, here)).toBe('dead');
    expect(await ownerLife({ ...owner, pidNamespace: 'pid:[1]' }, here)).toBe('elsewhere');
  });

  test('is named with process, machine, time and socket in the error for others', async () => {
    const owner = await ownOwner();
    const error = lockedError('start an engine on', '/data', owner, owner.pidNamespace);
    expect(error.code).toBe('ENGINE_LOCKED');
    for (const part of ['/data', String(owner.pid), 'box', owner.since, owner.socket])
      expect(error.message).toContain(part);
    expect(error.details).toMatchObject({ samePidNamespace: true, pid: owner.pid });
    expect(lockedError('start an engine on', '/data', owner, 'pid:[1]').details).toMatchObject({
      samePidNamespace: false,
    });
  });
});

describe('the start time of a process', () => {
  const fields = ['S', ...Array.from({ length: 18 }, (_, i) => String(i)), '4711', '0'].join(' ');

  test('is parsed after any program name', () => {
    expect(parseStartTime(`12 (a) b (c)) ${fields}`)).toBe(4711);
  });

  test('is undefined for a zombie and for empty text', () => {
    expect(parseStartTime(`12 (sh) Z${fields.slice(1)}`)).toBeUndefined();
    expect(parseStartTime('')).toBeUndefined();
  });
});
