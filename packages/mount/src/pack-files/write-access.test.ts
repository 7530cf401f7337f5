import { describe, expect, test } from '@jest/globals';
import { findTrustedGroups } from './read-write-access.ts';
import { judgeWriteAccess, type PathAccess } from './write-access.ts';

const user = 1000;
const other = 65_534;
const nobody = undefined;
const privateGroup = 1000;
const sharedGroup = 50;
const trustedGroups = new Set([0, privateGroup]);

type Entry = readonly [mode: number, uid?: number, gid?: number];

/** From the file up; names stand for positions. */
function paths(...entries: readonly Entry[]): readonly PathAccess[] {
  const names = ['/work/bundle/pack', '/work/bundle', '/work', '/'];
  return entries.map(([mode, uid = 0, gid = 0], position) => ({
    path: names[position] ?? '/',
    ...{ uid, gid, mode: mode & 0o777, isSticky: (mode & 0o1000) !== 0 },
  }));
}

const root: Entry = [0o755];
const asRoot = { uid: 0, trustedGroups, isInodeCompared: false };

describe('who can change a pack', () => {
  test.each<[string, number | undefined, readonly Entry[]]>([
    ['only root', nobody, [[0o644], [0o755], [0o755], root]],
    ['only root, by the group root', nobody, [[0o664], [0o775], [0o755], root]],
    ['root and the user who called sudo', user, [[0o644, user, privateGroup], [0o755, user], root, root]],
    [
      'that user, whose group has no other member',
      user,
      [[0o664, user, privateGroup], [0o775, user, privateGroup], root, root],
    ],
    ['others, who may add to a sticky directory', nobody, [[0o644], [0o755], [0o1777], root]],
    ['others, who may add to a sticky directory beside the file', nobody, [[0o644], [0o1777], root, root]],
    ['readers only', nobody, [[0o444], [0o555], root, root]],
  ])('%s: it is trusted', (_, sudoUid, entries) => {
    expect(judgeWriteAccess({ ...asRoot, sudoUid, paths: paths(...entries) })).toEqual({
      kind: 'trusted',
    });
  });

  test.each<[string, number | undefined, readonly Entry[], string, string]>([
    ['its owner', nobody, [[0o644, other], root, root, root], '/work/bundle/pack', 'user 65534'],
    [
      'its owner, whatever its mode',
      nobody,
      [[0o000, other], root, root, root],
      '/work/bundle/pack',
      'user 65534',
    ],
    [
      'its owner, beside the one who called sudo',
      user,
      [[0o644, other], root, root, root],
      '/work/bundle/pack',
      'user 65534',
    ],
    [
      'a user like the one who calls sudo, without sudo',
      nobody,
      [[0o644, user], root, root, root],
      '/work/bundle/pack',
      'user 1000',
    ],
    ['everybody', nobody, [[0o646], root, root, root], '/work/bundle/pack', 'every user'],
    [
      'everybody, also if it is sticky',
      nobody,
      [[0o1646], root, root, root],
      '/work/bundle/pack',
      'every user',
    ],
    [
      'a group, or an ACL',
      nobody,
      [[0o664, 0, sharedGroup], root, root, root],
      '/work/bundle/pack',
      'group 50',
    ],
    [
      'the owner of its directory',
      nobody,
      [[0o644], [0o755, other], root, root],
      '/work/bundle',
      'user 65534',
    ],
    ['everybody, by its directory', nobody, [[0o644], [0o777], root, root], '/work/bundle', 'every user'],
    [
      'a group, by its directory',
      user,
      [[0o644, user], [0o775, user, sharedGroup], root, root],
      '/work/bundle',
      'group 50',
    ],
    ['everybody, by a directory above', nobody, [[0o644], root, [0o777], root], '/work', 'every user'],
    [
      'the owner of a directory above, also if it is sticky',
      nobody,
      [[0o644], root, [0o1755, other], root],
      '/work',
      'user 65534',
    ],
    ['everybody, by the root', nobody, [[0o644], root, root, [0o777]], '/', 'every user'],
  ])('%s: it is copied', (_, sudoUid, entries, path, who) => {
    expect(judgeWriteAccess({ ...asRoot, sudoUid, paths: paths(...entries) })).toEqual({
      kind: 'copy',
      ...{ path, who, reason: `${who} can write to ${path}` },
    });
  });

  test.each<[string, readonly Entry[]]>([
    ['everybody, by its directory', [[0o644], [0o777], root, root]],
    ['the owner of its directory', [[0o644], [0o755, other], root, root]],
    ['everybody, by a directory above, as in a CI job with umask 0', [[0o644], root, [0o777], root]],
  ])('%s: it is trusted where another file under its name is noticed', (_, entries) => {
    const facts = { ...asRoot, sudoUid: nobody, isInodeCompared: true, paths: paths(...entries) };
    expect(judgeWriteAccess(facts)).toEqual({ kind: 'trusted' });
  });

  test.each<[string, Entry, string]>([
    ['its owner', [0o644, other], 'user 65534'],
    ['everybody', [0o666], 'every user'],
    ['a group, or an ACL', [0o664, 0, sharedGroup], 'group 50'],
  ])('%s, by the file itself: it is copied also there', (_, file, who) => {
    const facts = { ...asRoot, sudoUid: nobody, isInodeCompared: true, paths: paths(file, root, root, root) };
    expect(judgeWriteAccess(facts)).toMatchObject({ kind: 'copy', path: '/work/bundle/pack', who });
  });

  test('is not asked for another process than root’s', () => {
    const facts = { ...asRoot, uid: user, sudoUid: undefined, paths: paths([0o666, other]) };
    expect(judgeWriteAccess(facts)).toEqual({ kind: 'trusted' });
  });
});

describe('groups', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nci:x:1000:1000::/home/ci:/bin/sh\neve:x:1001:100::/:/bin/sh\n';
  const group =
    'root:x:0:\nci:x:1000:\nusers:x:100:\nteam:x:50:ci,eve\nown:x:51:ci,root\ngone:x:52:nobody-knows\nempty:x:53:\n';

  test.each([
    ['root alone', [0], [0, 53]],
    ['root and the user who called sudo', [0, 1000], [0, 51, 53, 1000]],
  ])('are trusted whose members are %s', (_, trusted, expected) => {
    expect([...findTrustedGroups(passwd, group, new Set(trusted))].sort((a, b) => a - b)).toEqual(expected);
  });
});
