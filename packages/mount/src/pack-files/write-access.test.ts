import { describe, expect, test } from '@jest/globals';
import { findTrustedGroups } from './read-write-access.ts';
import { judgeWriteAccess, type PathAccess } from './write-access.ts';

const user = 1000;
const other = 65_534;
const noSudo = undefined;
const privateGroup = 1000;
const sharedGroup = 50;
const trustedGroups = new Set([0, privateGroup]);

type Entry = readonly [mode: number, uid?: number, gid?: number];

/** Builds paths from the file up. */
function paths(...entries: readonly Entry[]): readonly PathAccess[] {
  const names = ['/jobs/bundle/pack', '/jobs/bundle', '/jobs', '/'];
  return entries.map(([mode, uid = 0, gid = 0], position) => ({
    path: names[position] ?? '/',
    ...{ uid, gid, mode: mode & 0o777, isSticky: (mode & 0o1000) !== 0 },
  }));
}

const root: Entry = [0o755];
const asRoot = { uid: 0, trustedGroups, isInodeCompared: false };

describe('who can change a pack', () => {
  test.each<[string, number | undefined, readonly Entry[]]>([
    ['only root', noSudo, [[0o644], [0o755], [0o755], root]],
    ['only root, through group root', noSudo, [[0o664], [0o775], [0o755], root]],
    ['root and the user who called sudo', user, [[0o644, user, privateGroup], [0o755, user], root, root]],
    [
      'that user, with a private group',
      user,
      [[0o664, user, privateGroup], [0o775, user, privateGroup], root, root],
    ],
    ['others can only add names to a sticky directory above', noSudo, [[0o644], [0o755], [0o1777], root]],
    ['others can only add names to the file’s sticky directory', noSudo, [[0o644], [0o1777], root, root]],
    ['others can only read', noSudo, [[0o444], [0o555], root, root]],
  ])('a pack is trusted: %s', (_, sudoUid, entries) => {
    expect(judgeWriteAccess({ ...asRoot, sudoUid, paths: paths(...entries) })).toEqual({
      kind: 'trusted',
    });
  });

  test.each<[string, number | undefined, readonly Entry[], string, string]>([
    ['its owner', noSudo, [[0o644, other], root, root, root], '/jobs/bundle/pack', 'user 65534'],
    [
      'its owner, with any mode',
      noSudo,
      [[0o000, other], root, root, root],
      '/jobs/bundle/pack',
      'user 65534',
    ],
    [
      'an owner other than the sudo user',
      user,
      [[0o644, other], root, root, root],
      '/jobs/bundle/pack',
      'user 65534',
    ],
    [
      'an ordinary user, without sudo',
      noSudo,
      [[0o644, user], root, root, root],
      '/jobs/bundle/pack',
      'user 1000',
    ],
    ['every user', noSudo, [[0o646], root, root, root], '/jobs/bundle/pack', 'every user'],
    [
      'every user, although it is sticky',
      noSudo,
      [[0o1646], root, root, root],
      '/jobs/bundle/pack',
      'every user',
    ],
    [
      'a group, or an ACL',
      noSudo,
      [[0o664, 0, sharedGroup], root, root, root],
      '/jobs/bundle/pack',
      'group 50',
    ],
    [
      'the owner of its directory',
      noSudo,
      [[0o644], [0o755, other], root, root],
      '/jobs/bundle',
      'user 65534',
    ],
    [
      'every user, through its directory',
      noSudo,
      [[0o644], [0o777], root, root],
      '/jobs/bundle',
      'every user',
    ],
    [
      'a group, through its directory',
      user,
      [[0o644, user], [0o775, user, sharedGroup], root, root],
      '/jobs/bundle',
      'group 50',
    ],
    ['every user, through a directory above', noSudo, [[0o644], root, [0o777], root], '/jobs', 'every user'],
    [
      'the owner of a directory above, although it is sticky',
      noSudo,
      [[0o644], root, [0o1755, other], root],
      '/jobs',
      'user 65534',
    ],
    ['every user, through the root directory', noSudo, [[0o644], root, root, [0o777]], '/', 'every user'],
  ])('a pack is copied if it can be changed by %s', (_, sudoUid, entries, path, who) => {
    expect(judgeWriteAccess({ ...asRoot, sudoUid, paths: paths(...entries) })).toEqual({
      kind: 'copy',
      ...{ path, who, reason: `${who} can write to ${path}` },
    });
  });

  test.each<[string, readonly Entry[]]>([
    ['every user, through its directory', [[0o644], [0o777], root, root]],
    ['the owner of its directory', [[0o644], [0o755, other], root, root]],
    ['every user, through a directory above, as in a CI job with umask 0', [[0o644], root, [0o777], root]],
  ])('a pack is trusted if inodes are compared and it can be replaced by %s', (_, entries) => {
    const facts = { ...asRoot, sudoUid: noSudo, isInodeCompared: true, paths: paths(...entries) };
    expect(judgeWriteAccess(facts)).toEqual({ kind: 'trusted' });
  });

  test.each<[string, Entry, string]>([
    ['its owner', [0o644, other], 'user 65534'],
    ['every user', [0o666], 'every user'],
    ['a group, or an ACL', [0o664, 0, sharedGroup], 'group 50'],
  ])('a pack is copied even if inodes are compared when its file is writable to %s', (_, file, who) => {
    const facts = { ...asRoot, sudoUid: noSudo, isInodeCompared: true, paths: paths(file, root, root, root) };
    expect(judgeWriteAccess(facts)).toMatchObject({ kind: 'copy', path: '/jobs/bundle/pack', who });
  });

  test('a process that is not root trusts every file', () => {
    const facts = { ...asRoot, uid: user, sudoUid: undefined, paths: paths([0o666, other]) };
    expect(judgeWriteAccess(facts)).toEqual({ kind: 'trusted' });
  });
});

describe('groups', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nci:x:1000:1000::/home/ci:/bin/sh\neve:x:1001:100::/:/bin/sh\n';
  const group =
    'root:x:0:\nci:x:1000:\nusers:x:100:\nteam:x:50:ci,eve\nown:x:51:ci,root\ngone:x:52:nobody-knows\nempty:x:53:\n';

  test.each([
    ['root', [0], [0, 53]],
    ['root and the user who called sudo', [0, 1000], [0, 51, 53, 1000]],
  ])('are trusted if all members are %s', (_, trusted, expected) => {
    expect([...findTrustedGroups(passwd, group, new Set(trusted))].sort((a, b) => a - b)).toEqual(expected);
  });
});
