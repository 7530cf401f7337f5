import { expect, test } from '@jest/globals';
import { rawPaxHeader, rawTarEntry } from '@drayage/core/testing';
import { TarParser } from '../tar/tar-parser.ts';
import { LayerSplitter } from './layer-splitter.ts';
import { defaultLimits } from './limits.ts';
import { abilities } from './xattrs.ts';

test('a hole of many GiB before the bytes of a sparse file is expanded', () => {
  const hole = 100 * 1024 ** 3;
  const sparse = [
    ['GNU.sparse.major', '0'],
    ['GNU.sparse.minor', '1'],
    ['GNU.sparse.name', 'disk.img'],
    ['GNU.sparse.size', String(hole + 4)],
    ['GNU.sparse.numblocks', '1'],
    ['GNU.sparse.map', `${String(hole)},4`],
  ] as const;
  const splitter = new LayerSplitter('top', abilities.squashfs, defaultLimits);
  const parser = new TarParser(splitter);
  parser.push(
    Buffer.concat([rawPaxHeader(sparse), rawTarEntry({ name: 'disk.img', content: Buffer.from('data') })]),
  );
  parser.end();
  const { tar } = splitter.take();
  const bytes = tar.reduce((sum, piece) => sum + piece.length, 0);
  expect(bytes % 512).toBe(0);
  expect(bytes).toBeGreaterThan(hole);
  expect(splitter.size).toBe(hole + 4);
});
