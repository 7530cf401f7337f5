import { join } from 'node:path';
import { hexOf, type Digest } from '@drayage/core';
import { LayerSplitter } from '../layer/layer-splitter.ts';
import { defaultLimits } from '../layer/limits.ts';
import { abilities } from '../layer/xattrs.ts';
import { TarParser } from '../tar/tar-parser.ts';
import { startPackProcess } from '../writer/pack-process.ts';
import { plainEnvironment } from '../writer/pack-tool.ts';
import { squashfsTool } from '../writer/squashfs-tool.ts';
import { rawTarEnd } from '@drayage/core/testing';

let forged = 0;

/** Makes a pack with the tree of `tar` in place of that of `diffId`. Returns its file. */
export async function forgePack(directory: string, diffId: Digest, tar: Buffer): Promise<string> {
  forged += 1;
  const file = join(directory, `forged-${String(forged)}`);
  const tool = await squashfsTool('mksquashfs', plainEnvironment({}), {
    processors: 1,
    memoryBytes: 16 * 1024 ** 2,
  });
  const making = startPackProcess(tool, file);
  const splitter = new LayerSplitter(hexOf(diffId), abilities.squashfs, defaultLimits);
  const parser = new TarParser(splitter);
  parser.push(tar);
  parser.end();
  await making.write(splitter.take().tar);
  for (const { tar: rest } of splitter.finish()) await making.write(rest);
  await making.write([rawTarEnd()]);
  await making.finish();
  return file;
}
