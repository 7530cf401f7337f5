import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError } from '../errors.ts';
import { hexOf, type Digest } from '../image/digest.ts';
import { parseJsonObject } from '../image/json.ts';
import { printable } from '../redact.ts';
import { fileMode, makeDirectory, setModeOf } from './modes.ts';
import { ownedName } from './owner.ts';
import { isRealDirectory, openRegularFile, statRegularFile } from './safe-file.ts';
import { documentWriteError, storeIoError } from './store-error.ts';

/** The only version of the specification. @see image-spec v1.1.1, image-layout.md "oci-layout file" */
const imageLayoutVersion = '1.0.0';

const maxLayoutFileBytes = 64 * 1024;

/** The directory of a bundle's blobs: one file each, named by 64 hex digits. */
export function blobsDirectory(dir: string): string {
  return join(dir, 'blobs', 'sha256');
}

/** The path of a blob. @see image-spec v1.1.1, image-layout.md "Blobs" */
export function blobPath(dir: string, digest: Digest): string {
  return join(blobsDirectory(dir), hexOf(digest));
}

/** The directory for unfinished files, which are not blobs yet. */
export function ingestDirectory(dir: string): string {
  return join(dir, '.dray', 'ingest');
}

/**
 * Makes `dir` an OCI image layout (without index.json) unless it is one. @throws DrayError `STORE_IO`,
 * `DISK_FULL`, `BUNDLE_INVALID`, `BUNDLE_VERSION_UNSUPPORTED`, `BUNDLE_UNSAFE`
 */
export async function initLayout(dir: string): Promise<void> {
  await makeStoreDirectories(dir);
  const path = join(dir, 'oci-layout');
  if ((await statRegularFile(path)) !== undefined) {
    await checkLayout(dir);
    return;
  }
  const bytes = `${JSON.stringify({ imageLayoutVersion })}\n`;
  const temporary = join(ingestDirectory(dir), ownedName('oci-layout'));
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: fileMode });
    await setModeOf(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw documentWriteError(path, bytes.length, error);
  }
}

/**
 * Checks that `dir` is an OCI image layout of a supported version.
 * @throws DrayError `BUNDLE_INVALID` when it has no readable oci-layout file, `BUNDLE_VERSION_UNSUPPORTED`,
 * `BUNDLE_UNSAFE`, `STORE_IO`
 */
export async function checkLayout(dir: string): Promise<void> {
  const bytes = await readLayoutFile(dir);
  const version = layoutVersion(bytes, dir);
  if (version === imageLayoutVersion) return;
  throw new DrayError(
    'BUNDLE_VERSION_UNSUPPORTED',
    `cannot read bundle ${dir}: it has image layout version ${printable(version, 50)}, only ${imageLayoutVersion} is supported`,
    { hint: 'Update drayage here, or make the bundle with the same version.', details: { dir, version } },
  );
}

/**
 * Creates the directories for blobs and ingests, and checks that none of them is a link. @throws DrayError
 * `BUNDLE_UNSAFE`, `STORE_IO`
 */
export async function makeStoreDirectories(dir: string): Promise<void> {
  for (const path of [dir, ...innerDirectories(dir)]) {
    if (path !== dir && (await isRealDirectory(path))) continue;
    try {
      await makeDirectory(path);
    } catch (error) {
      throw storeIoError('create directory', path, error);
    }
  }
}

/** True when the blob directories exist and are not links. @throws DrayError `BUNDLE_UNSAFE`, `STORE_IO` */
export async function hasBlobsDirectory(dir: string): Promise<boolean> {
  return (await isRealDirectory(join(dir, 'blobs'))) && (await isRealDirectory(blobsDirectory(dir)));
}

/** True when the ingest directory exists and is not a link. @throws DrayError `BUNDLE_UNSAFE`, `STORE_IO` */
export async function hasIngestDirectory(dir: string): Promise<boolean> {
  return (await isRealDirectory(join(dir, '.dray'))) && (await isRealDirectory(ingestDirectory(dir)));
}

function innerDirectories(dir: string): readonly string[] {
  return [join(dir, 'blobs'), blobsDirectory(dir), join(dir, '.dray'), ingestDirectory(dir)];
}

async function readLayoutFile(dir: string): Promise<Uint8Array> {
  const path = join(dir, 'oci-layout');
  const handle = await openRegularFile(path);
  if (handle === undefined) throw notALayout(dir, 'it has no file oci-layout');
  try {
    const buffer = new Uint8Array(maxLayoutFileBytes);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw storeIoError('read file', path, error);
  } finally {
    await handle.close();
  }
}

function layoutVersion(bytes: Uint8Array, dir: string): string {
  try {
    const version = parseJsonObject(bytes, 'oci-layout')['imageLayoutVersion'];
    if (typeof version === 'string') return version;
  } catch (error) {
    throw notALayout(dir, 'its file oci-layout is not a JSON object', error);
  }
  throw notALayout(dir, 'its file oci-layout names no version');
}

function notALayout(dir: string, reason: string, cause?: unknown): DrayError {
  return new DrayError('BUNDLE_INVALID', `cannot read bundle ${dir}: ${reason}`, {
    hint: 'Give the directory that "dray prepull" wrote.',
    cause,
    details: { dir },
  });
}
