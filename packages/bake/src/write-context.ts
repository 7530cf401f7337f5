import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DrayError, throwIfAborted, verifying } from '@drayage/core';
import type { BlobStore, ByteStream, Descriptor, Digest, Reference } from '@drayage/core';
import { readBakeContent, type BakeContent, type BakeSource } from './bake-content.ts';
import { packFileName } from './baked-paths.ts';
import { dockerfile, dockerfileMark } from './dockerfile.ts';
import { readEntryPoint } from './entry-point.ts';
import { cannotWriteContext, clearOutput } from './output-directory.ts';
import { placePack } from './place-pack.ts';
import { layoutTar } from '@drayage/private-engine';

export interface BakeRequest extends BakeSource {
  /** The docker-in-docker image to build on. */
  readonly base: Reference;
  /** The directory for the build context. An existing context is replaced. */
  readonly output: string;
  /** The user who called sudo: files that only this user and root can write to are linked. */
  readonly sudoUid?: number | undefined;
}

/** A pack in a build context. */
export interface BakedPack {
  /** Digest of the file. */
  readonly digest: Digest;
  readonly bytes: number;
  /** Number of layers. */
  readonly layers: number;
}

export interface BakedContext {
  /** In bundle order; undefined for an image without a name. */
  readonly images: readonly (Reference | undefined)[];
  /** Oldest first. */
  readonly packs: readonly BakedPack[];
}

/**
 * Writes the build context of a docker-in-docker image that has all images of a bundle when it starts: a
 * Dockerfile, the packs, a data-root that refers to them, and the entry point that mounts them. Links a
 * pack's file if that is possible and only root and the user who called sudo can write to it; copies it
 * otherwise.
 * @throws DrayError as {@link readBakeContent}, before anything is written; UsageError `USAGE` if the
 * directory contains other files; `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
export async function writeBakeContext(request: BakeRequest): Promise<BakedContext> {
  const { output, signal } = request;
  const content = await readBakeContent(request);
  throwIfAborted(signal, 'write the build context');
  await clearOutput(output);
  try {
    await writeFiles(request, content);
  } catch (error) {
    throwIfAborted(signal, 'write the build context');
    throw error instanceof DrayError ? error : cannotWriteContext(output, error);
  }
  return {
    images: content.images.map(({ reference }) => reference),
    packs: content.packs.map(({ pack: { image, layers } }) => {
      return { digest: image.digest, bytes: image.size, layers: layers.length };
    }),
  };
}

async function writeFiles(
  { base, output, bundle, sudoUid, signal }: BakeRequest,
  content: BakeContent,
): Promise<void> {
  const { images, packs, entries, blobs } = content;
  // The mark goes first, so that a later run can replace the rest of an interrupted one.
  await writeFile(join(output, 'Dockerfile'), `${dockerfileMark}, not finished\n`);
  const own = join(output, 'drayage');
  await mkdir(own);
  await mkdir(join(output, 'packs'));
  for (const entry of packs)
    await placePack(entry, join(output, 'packs', packFileName(entry.pack)), { sudoUid, signal });
  await writeFile(join(own, 'entrypoint.sh'), await readEntryPoint(), { mode: 0o755 });
  await writeFile(
    join(own, 'summary.txt'),
    `${counted(images.length, 'image')} in ${counted(packs.length, 'pack')}\n`,
  );
  const openBlob = (descriptor: Descriptor): Promise<ByteStream> =>
    openVerified(blobs, descriptor, bundle.location, signal);
  const id = await writeHashed(join(own, 'layout.tar'), layoutTar(entries, openBlob), signal);
  await writeFile(join(own, 'layout.id'), `${id}\n`);
  const references = images.flatMap(({ reference }) => (reference === undefined ? [] : [reference]));
  const packFiles = packs.map(({ pack }) => packFileName(pack));
  await writeFile(join(output, 'Dockerfile'), dockerfile({ base, packFiles, references }));
}

async function openVerified(
  blobs: BlobStore,
  descriptor: Descriptor,
  location: string,
  signal: AbortSignal | undefined,
): Promise<ByteStream> {
  const bytes = await blobs.open(descriptor, signal === undefined ? {} : { signal });
  return verifying(bytes, descriptor, location);
}

/** Resolves with the SHA-256 of the written bytes, in hex. */
async function writeHashed(
  file: string,
  bytes: ByteStream,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const hashed = async function* (): ByteStream {
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(hashed(), createWriteStream(file), signal === undefined ? {} : { signal });
  return hash.digest('hex');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
