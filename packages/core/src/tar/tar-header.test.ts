import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { splitTarPath, tarEnd, tarHeader, tarPadding, type TarHeader } from './tar-header.ts';

/** The listing by GNU tar or BusyBox tar of an archive with one empty entry. */
function listed(header: TarHeader): string {
  const input = Buffer.concat([tarHeader(header), tarEnd()]);
  const env = { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' };
  return execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input, env, encoding: 'utf8' }).trim();
}

describe('a tar header', () => {
  test('is read by tar', () => {
    const file = { path: 'a/b', type: 'file', mode: 0o640, uid: 12, gid: 34, mtime: 1_700_000_000 } as const;
    expect(listed(file).replaceAll(/ +/g, ' ')).toMatch(/^-rw-r----- 12\/34 0 2023-11-14 22:13(:20)? a\/b$/);
    expect(listed({ path: 'd/', type: 'directory', mode: 0o711 })).toMatch(/^drwx--x--x 0\/0 .* d\/$/);
    expect(listed({ path: 'l', type: 'symlink', mode: 0o777, linkName: '/to' })).toMatch(/ l -> \/to$/);
    const device = { type: 'character', mode: 0o600, deviceMajor: 10, deviceMinor: 237 } as const;
    expect(listed({ path: 'c', ...device })).toMatch(/^crw------- 0\/0 +10, ?237 /);
  });

  test('holds a path of 256 bytes with a slash at the right position', () => {
    const path = `${'p'.repeat(155)}/${'n'.repeat(100)}`;
    expect(listed({ path, type: 'file', mode: 0o600 }).endsWith(` ${path}`)).toBe(true);
    expect(splitTarPath(path)).toEqual({ prefix: 'p'.repeat(155), name: 'n'.repeat(100) });
  });

  test.each([
    { path: 'x'.repeat(101), type: 'file', mode: 0o600 },
    { path: `${'x'.repeat(156)}/y`, type: 'file', mode: 0o600 },
    { path: 'x', type: 'symlink', mode: 0o777, linkName: 'y'.repeat(101) },
  ] as const)('rejects a name that no header can hold', (header) => {
    expect(() => tarHeader(header)).toThrow(RangeError);
  });

  test.each([8 ** 11 - 1, 8 ** 11, 300_000_000_000])('holds a size of %d bytes', (size) => {
    const header = tarHeader({ path: 'x', type: 'file', mode: 0o600, size });
    const field = header.subarray(124, 136);
    const written =
      field[0] === 0x80
        ? Number(field.readBigUInt64BE(4))
        : Number.parseInt(field.toString('latin1', 0, 11), 8);
    expect(written).toBe(size);
  });
});

test.each([0, 1, 511, 512, 513])('%d bytes are padded to whole blocks', (size) => {
  expect((size + tarPadding(size).length) % 512).toBe(0);
  expect(tarPadding(size).length).toBeLessThan(512);
});
