import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, type ByteStream } from '@drayage/core';
import type { LayoutEntry } from './layout-entry.ts';
import { layoutTar } from './layout-tar.ts';

const hex = 'a'.repeat(64);
const blob = Buffer.from('b'.repeat(700));
const entries: readonly LayoutEntry[] = [
  { kind: 'directory', path: 'overlay2/l' },
  { kind: 'link', path: `overlay2/${hex}/diff`, target: `/drayage/mnt/0123456789abcdef/${hex}` },
  { kind: 'text', path: `overlay2/${hex}/committed`, text: '' },
  { kind: 'text', path: `image/overlay2/distribution/v2metadata-by-diffid/sha256/${hex}`, text: 'ü' },
  { kind: 'bytes', path: 'image/bytes', bytes: Buffer.alloc(512, 1) },
  {
    kind: 'blob',
    path: `image/overlay2/layerdb/sha256/${hex}/tar-split.json.gz`,
    blob: { mediaType: 'x', digest: digestOf(blob), size: blob.length },
  },
];

async function tarOf(): Promise<Buffer> {
  const openBlob = async (): Promise<ByteStream> => parts();
  const chunks: Uint8Array[] = [];
  for await (const chunk of layoutTar(entries, openBlob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* parts(): ByteStream {
  yield blob.subarray(0, 300);
  yield blob.subarray(300);
}

describe('the tar of a layout', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dray-layout-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('extracts to the layout', async () => {
    execFileSync('tar', ['-xf', '-', '-C', dir], { input: await tarOf() });
    expect(readlinkSync(join(dir, `overlay2/${hex}/diff`))).toBe(`/drayage/mnt/0123456789abcdef/${hex}`);
    expect(statSync(join(dir, `overlay2/${hex}/committed`)).size).toBe(0);
    const metadata = `image/overlay2/distribution/v2metadata-by-diffid/sha256/${hex}`;
    expect(readFileSync(join(dir, metadata), 'utf8')).toBe('ü');
    expect(readFileSync(join(dir, 'image/bytes'))).toEqual(Buffer.alloc(512, 1));
    const split = `image/overlay2/layerdb/sha256/${hex}/tar-split.json.gz`;
    expect(readFileSync(join(dir, split))).toEqual(blob);
    expect(statSync(join(dir, split)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'overlay2/l')).mode & 0o777).toBe(0o710);
  });

  test('contains each directory once, before its entries, and is reproducible', async () => {
    const tar = await tarOf();
    const names = execFileSync('tar', ['-tf', '-'], { input: tar, encoding: 'utf8' }).trim().split('\n');
    expect(new Set(names).size).toBe(names.length);
    expect(names.indexOf(`overlay2/${hex}/`)).toBe(names.indexOf(`overlay2/${hex}/diff`) - 1);
    expect(await tarOf()).toEqual(tar);
  });
});
