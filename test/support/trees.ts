import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { lutimes } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';

import { extract } from 'tar-stream';

/**
 * Everything about a tree as one tar, in a fixed order: types, modes, owners, times, attributes, devices,
 * links and contents. Where the tree can be written, what has the time of the moment of its extraction,
 * `since` or later, is given the time 0 first.
 */
export async function treeTar(folder: string, since: Date, withNanoseconds: boolean): Promise<Buffer> {
  await forgetMoments(folder, since);
  const options = [
    ...['--create', '--file', '-', '--directory', folder, '--sort=name', '--numeric-owner', '--format=pax'],
    ...['--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.origin'],
    `--pax-option=delete=atime,delete=ctime${withNanoseconds ? '' : ',delete=mtime'},exthdr.name=x`,
  ];
  return outputOf('tar', [...options, '.']);
}

// Its types do not know that names need not be UTF-8.
const parserOptions = { highWaterMark: 64 * 1024, filenameEncoding: 'latin1' };

/** The entries of such a tar, fit to be read when they differ. */
export async function treeEntries(tar: Buffer): Promise<readonly object[]> {
  const entries: object[] = [];
  const parser = extract(parserOptions);
  const parsing = (async () => {
    for await (const entry of parser) {
      const hash = createHash('sha256');
      for await (const chunk of entry) if (chunk instanceof Uint8Array) hash.update(chunk);
      const { name, type, mode, uid, gid, size, mtime, linkname, devmajor, devminor, pax } = entry.header;
      entries.push({
        ...{ name, type, mode, uid, gid, size, mtime: mtime.getTime(), linkname, devmajor, devminor, pax },
        content: hash.digest('hex'),
      });
    }
  })();
  Readable.from([tar]).pipe(parser);
  await parsing;
  return entries;
}

/** The top, directories that the layer has no entry for, and whiteouts. */
async function forgetMoments(folder: string, since: Date): Promise<void> {
  try {
    for (const path of youngBelow(Buffer.from(folder), since)) await lutimes(path, 0, 0);
  } catch (error) {
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'EROFS'))
      throw error;
  }
}

function youngBelow(folder: Buffer, since: Date): readonly Buffer[] {
  const entries = readdirSync(folder, { encoding: 'buffer', withFileTypes: true });
  const inside = entries.flatMap((entry) => {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) return youngBelow(path, since);
    return entry.isCharacterDevice() && lstatSync(path).mtime >= since ? [path] : [];
  });
  return lstatSync(folder).mtime >= since ? [...inside, folder] : inside;
}

async function outputOf(command: string, args: readonly string[]): Promise<Buffer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  if ((await ended) !== 0) throw new Error(`cannot run ${command} ${args.join(' ')}: ${complaint}`);
  return Buffer.concat(chunks);
}
