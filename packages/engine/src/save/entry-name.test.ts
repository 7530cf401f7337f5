import { describe, expect, test } from '@jest/globals';
import { fromHex } from '@drayage/core';
import { entryKind } from './entry-name.ts';

const hex = 'ab'.repeat(32);
const blob = { kind: 'blob', digest: fromHex(hex) };

describe('the name of an entry in an engine’s archive', () => {
  test.each([
    [`blobs/sha256/${hex}`, blob],
    [`./blobs/sha256/${hex}`, blob],
    [`${hex}.json`, blob],
    [`${hex}/layer.tar`, { kind: 'layer' }],
    [`${hex}.tar`, { kind: 'layer' }],
  ])('classifies %s', (name, kind) => {
    expect(entryKind(name)).toEqual(kind);
  });

  test.each([
    'manifest.json',
    'index.json',
    'oci-layout',
    'repositories',
    `${hex}/json`,
    `${hex}/VERSION`,
    `../blobs/sha256/${hex}`,
    `/blobs/sha256/${hex}`,
    `blobs/sha256/../${hex}`,
    `blobs/sha512/${hex}${hex}`,
    `blobs/sha256/${hex.toUpperCase()}`,
    `blobs/sha256/${hex}\n`,
    `blobs/sha256/${hex}/x`,
    `x/${hex}.json`,
    '../layer.tar',
    '',
  ])('is ignored when it is %j', (name) => {
    expect(entryKind(name)).toBeUndefined();
  });
});
