import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, IntegrityError, abortable, fromHex, hexOf } from '@drayage/core';
import type { OpenPackedLayer } from '@drayage/core/bundle';
import { MalformedErofs } from '../erofs/erofs-bytes.ts';
import { ErofsFile } from '../erofs/erofs-file.ts';
import { entryPath } from '../layer/entry-path.ts';
import { RefusedEntry } from '../layer/refused.ts';
import { MalformedTarSplit } from '../split/tar-split-reader.ts';
import { MalformedSquashfs } from '../squashfs/malformed.ts';
import { SquashfsFile } from '../squashfs/squashfs-file.ts';
import { MalformedTar } from '../tar/malformed.ts';
import { WrongTree, compareTree } from './compare-tree.ts';
import { TreeExpectation, type ExpectedTree } from './expected-tree.ts';
import type { Extractor } from './extract.ts';
import { rebuildTar } from './rebuild-tar.ts';
import { treeFiles, type TreeFiles } from './tree-files.ts';

const refusals = [
  MalformedTar,
  MalformedTarSplit,
  MalformedSquashfs,
  MalformedErofs,
  RefusedEntry,
  WrongTree,
];

/** Implements `PackReader.checkLayer`. */
export async function checkLayer(extractor: Extractor, request: OpenPackedLayer): Promise<void> {
  const top = hexOf(request.layer.diffId);
  const directory = await mkdtemp(join(request.workDir, `check-${top.slice(0, 12)}-`));
  try {
    const files = treeFiles(await extractor.extract(request, directory));
    const expected = await rebuildAndCheck(request, files);
    const PackFile = request.filesystem === 'squashfs' ? SquashfsFile : ErofsFile;
    await PackFile.use(request.file, (file: SquashfsFile | ErofsFile) =>
      compareTree(file.walk(top), expected),
    );
  } catch (error) {
    if (!refusals.some((refusal) => error instanceof refusal)) throw error;
    throw invalid(request, error instanceof Error ? error.message : String(error), error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Rebuilds the tar, requires that it hashes to the diffId, and records the files of the tree and where each
 * belongs.
 */
async function rebuildAndCheck(request: OpenPackedLayer, files: TreeFiles): Promise<ExpectedTree> {
  const { layer, tarSplit, signal } = request;
  const hash = createHash('sha256');
  const expectation = new TreeExpectation(hexOf(layer.diffId), request.filesystem);
  const used = new Map<string, number>();
  const tar = rebuildTar(files, tarSplit, (name, offset) => used.set(entryPath(name), offset));
  let tarSize = 0;
  for await (const bytes of abortable(tar, signal, `check layer ${layer.diffId}`)) {
    tarSize += bytes.length;
    if (tarSize > layer.tarSize) throw new MalformedTarSplit('the rebuilt tar has a different size');
    hash.update(bytes);
    expectation.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  checkDigest(request, fromHex(hash.digest('hex')));
  const expected = expectation.finish();
  checkContents(files, expected, used);
  return expected;
}

function checkDigest({ file, layer: { diffId } }: OpenPackedLayer, actual: string): void {
  if (actual === diffId) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot use layer ${diffId} of pack ${file}: its tar hashes to ${actual}`,
    { details: { expected: diffId, actual, file } },
  );
}

/**
 * The tar matches the layer, so a file is right if its bytes were used for its own part of the tar; a sparse
 * file must have the same bytes.
 */
function checkContents(
  files: TreeFiles,
  { offsets, sparse }: ExpectedTree,
  used: ReadonlyMap<string, number>,
): void {
  for (const [path, offset] of offsets) {
    if (used.get(path) !== offset) throw wrongContent(path);
  }
  for (const [path, expected] of sparse) {
    const hash = createHash('sha256');
    for (const piece of files.open(path) ?? []) hash.update(piece);
    if (hash.digest('hex') !== expected) throw wrongContent(path);
  }
}

function wrongContent(path: string): WrongTree {
  return new WrongTree(`${JSON.stringify(Buffer.from(path, 'latin1').toString())} has different content`);
}

function invalid({ file, layer: { diffId } }: OpenPackedLayer, reason: string, cause?: unknown): DrayError {
  return new DrayError('PACK_INVALID', `cannot use layer ${diffId} of pack ${file}: ${reason}`, {
    hint: 'Find out who changed the pack, or run "dray prepull --repack" to make a new one.',
    cause,
    details: { diffId, file },
  });
}
