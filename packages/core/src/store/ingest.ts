import { constants } from 'node:fs';
import { copyFile, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { hasIngestDirectory, ingestDirectory } from './layout.ts';
import { fileMode, setFileMode } from './modes.ts';
import { ownedName, ownerlessName, ownerState, parseOwnedName, type OwnerState } from './owner.ts';
import { statRegularFile } from './safe-file.ts';
import { storeIoError } from './store-error.ts';

/** A file that is being written and is not a blob yet. */
export interface Ingest {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes that an interrupted writer left in the file. */
  readonly resumedBytes: number;
}

/** An unfinished file in the ingest directory. */
export interface Partial {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  readonly owner: OwnerState;
  /** Time since its last write, by this machine's clock. */
  readonly idleMs: number;
}

export interface BeginIngestOptions {
  /** The blob it will become: 64 hex digits. */
  readonly key: string;
  /** A larger partial (bytes) is not continued. */
  readonly maxBytes: number;
  /** After this time without writes, a writer whose state is unknown counts as gone (ms). */
  readonly staleAfterMs: number;
}

const readWrite = constants.O_RDWR | constants.O_NOFOLLOW;

/**
 * Continues the file of an interrupted writer, or starts a new one. @throws DrayError `STORE_IO`,
 * `BUNDLE_UNSAFE`
 */
export async function beginIngest(dir: string, options: BeginIngestOptions): Promise<Ingest> {
  const partials = await listPartials(dir);
  const candidates = partials
    .filter((partial) => partial.key === options.key && isAdoptable(partial, options))
    .sort((a, b) => b.size - a.size);
  for (const candidate of candidates) {
    const adopted = await adopt(dir, candidate);
    if (adopted !== undefined) return adopted;
  }
  return createIngest(dir, options.key);
}

/** Starts a new ingest. @throws DrayError `STORE_IO` */
export async function createIngest(dir: string, key: string): Promise<Ingest> {
  const path = join(ingestDirectory(dir), ownedName(key));
  try {
    const handle = await open(path, readWrite | constants.O_CREAT | constants.O_EXCL, fileMode);
    await setFileMode(handle);
    return { path, handle, resumedBytes: 0 };
  } catch (error) {
    throw storeIoError('create file', path, error);
  }
}

/** Closes an ingest and deletes its bytes. */
export async function discardIngest(ingest: Ingest): Promise<void> {
  await ingest.handle.close();
  await rm(ingest.path, { force: true });
}

/** Closes an ingest and leaves its bytes for a later one to continue. */
export async function releaseIngest(dir: string, key: string, ingest: Ingest): Promise<void> {
  const { size } = await ingest.handle.stat();
  if (size === 0) {
    await discardIngest(ingest);
    return;
  }
  await ingest.handle.close();
  try {
    await rename(ingest.path, join(ingestDirectory(dir), ownerlessName(key)));
  } catch {
    // It keeps our name, and is taken over once this process has ended.
  }
}

/** All unfinished files in a bundle, ordered by name. @throws DrayError `STORE_IO`, `BUNDLE_UNSAFE` */
export async function listPartials(dir: string): Promise<readonly Partial[]> {
  if (!(await hasIngestDirectory(dir))) return [];
  const names = await readIngestDirectory(dir);
  const found = await Promise.all(names.sort().map((name) => describePartial(dir, name)));
  return found.flatMap((partial) => (partial === undefined ? [] : [partial]));
}

async function readIngestDirectory(dir: string): Promise<string[]> {
  try {
    return await readdir(ingestDirectory(dir));
  } catch (error) {
    throw storeIoError('list directory', ingestDirectory(dir), error);
  }
}

async function describePartial(dir: string, name: string): Promise<Partial | undefined> {
  const owned = parseOwnedName(name);
  const path = join(ingestDirectory(dir), name);
  const stats = owned === undefined ? undefined : await statRegularFile(path);
  if (owned === undefined || stats === undefined) return undefined;
  return {
    path,
    key: owned.key,
    size: stats.size,
    // With a second hard link, writing here would change the file elsewhere too.
    owner: stats.nlink === 1 ? ownerState(owned) : 'alive',
    idleMs: Date.now() - stats.mtimeMs,
  };
}

function isAdoptable(partial: Partial, { maxBytes, staleAfterMs }: BeginIngestOptions): boolean {
  if (partial.size === 0 || partial.size > maxBytes) return false;
  const isGone = partial.owner === 'none' || partial.owner === 'dead';
  return isGone || partial.idleMs > staleAfterMs;
}

async function adopt(dir: string, partial: Partial): Promise<Ingest | undefined> {
  const path = join(ingestDirectory(dir), ownedName(partial.key));
  const isGone = partial.owner === 'none' || partial.owner === 'dead';
  try {
    // Only one of several adopters succeeds with the rename. If the writer may still run, it keeps its file
    // and we continue with a copy.
    if (isGone) await rename(partial.path, path);
    else await copyFile(partial.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const handle = await open(path, readWrite);
    await setFileMode(handle);
    const { size } = await handle.stat();
    return { path, handle, resumedBytes: size };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw storeIoError('continue file', partial.path, error);
  }
}
