import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileAtOnce } from '@drayage/host';
import { DrayError, isDigest, isObject, systemErrorCode } from '@drayage/core';
import type { Digest, ImageStoreKind } from '@drayage/core';
import type { PackFilesystem } from '@drayage/core/bundle';
import { storageBackends, type StorageBackend } from '../storage/choose.ts';

/** A pack that the data-root uses. */
export interface RecordedPack {
  /** Digest of the pack file. */
  readonly digest: Digest;
  readonly size: number;
  readonly filesystem: PackFilesystem;
  /** Last known path of the file. */
  readonly file: string;
  /** Mount point in the engine's mount namespace. */
  readonly mountPoint: string;
  /** The state of the file when its digest was proven. */
  readonly identity: string;
}

/** The settings of a data-root, which cannot change. */
export interface DataRootState {
  /** `preparing`: no engine has used it, so the next start prepares it again. */
  readonly phase: 'preparing' | 'used';
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, in dockerd's terms. */
  readonly driver: string;
  readonly backend: StorageBackend;
  /** Why this backend was chosen. */
  readonly reason: string;
  /** Name of the disk image, for a backend that has one. */
  readonly disk?: string | undefined;
  readonly packs: readonly RecordedPack[];
}

const layoutVersion = 1;

/**
 * Reads a state file; undefined if it does not exist.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` if its format is unknown
 */
export async function readState(file: string): Promise<DataRootState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  const state = parseState(text);
  if (state !== undefined) return state;
  throw new DrayError('DATA_ROOT_INCOMPATIBLE', `cannot use data-root: ${file} has an unknown format`, {
    hint: 'Use the newer drayage that wrote it, or remove the data-root with "dray engine stop --purge".',
  });
}

/** Writes atomically and flushes to disk. */
export async function writeState(file: string, state: DataRootState): Promise<void> {
  await writeFileAtOnce(file, `${JSON.stringify({ version: layoutVersion, ...state }, null, 2)}\n`);
}

/** Parses a state file; undefined if it is invalid. Pure. */
export function parseState(text: string): DataRootState | undefined {
  const value = parseJson(text);
  if (!isObject(value) || value['version'] !== layoutVersion) return undefined;
  const { phase, imageStore, driver, reason, disk, packs } = value;
  const backend = storageBackends.find((name) => name === value['backend']);
  if (phase !== 'preparing' && phase !== 'used') return undefined;
  if (imageStore !== 'classic' && imageStore !== 'containerd') return undefined;
  if (typeof driver !== 'string' || typeof reason !== 'string' || backend === undefined) return undefined;
  if (!Array.isArray(packs)) return undefined;
  const read = packs.map(parsePack);
  const whole = read.filter((pack) => pack !== undefined);
  if (whole.length < read.length) return undefined;
  const state: DataRootState = { phase, imageStore, driver, backend, reason, packs: whole };
  return typeof disk === 'string' && isDiskName(disk) ? { ...state, disk } : state;
}

/** A name for a disk image that is unique on the machine, because loop devices show only names. */
export function newDiskName(): string {
  return `disk-${randomBytes(8).toString('hex')}.img`;
}

/** Whether a file name is that of a disk image. Pure. */
export function isDiskName(name: string): boolean {
  return /^disk-[0-9a-f]{16}\.img$/.test(name);
}

function parsePack(value: unknown): RecordedPack | undefined {
  if (!isObject(value)) return undefined;
  const { digest, size, filesystem, file, mountPoint, identity } = value;
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number') return undefined;
  if (filesystem !== 'squashfs' && filesystem !== 'erofs') return undefined;
  if (typeof file !== 'string' || typeof mountPoint !== 'string') return undefined;
  if (typeof identity !== 'string') return undefined;
  return { digest, size, filesystem, file, mountPoint, identity };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
