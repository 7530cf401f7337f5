import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileAtOnce } from '@drayage/host';
import { DrayError, isDigest, isObject, systemErrorCode } from '@drayage/core';
import type { Digest, ImageStoreKind } from '@drayage/core';
import type { PackFilesystem } from '@drayage/core/bundle';
import { storageBackends, type StorageBackend } from '../storage/choose.ts';

/** A pack that the data-root stands on. */
export interface RecordedPack {
  /** Of the file. */
  readonly digest: Digest;
  readonly size: number;
  readonly filesystem: PackFilesystem;
  /** Where it was. */
  readonly file: string;
  /** In the engine's mount namespace. */
  readonly mountPoint: string;
  /** What the file was like when its digest was proven. */
  readonly identity: string;
}

/** What a data-root is; it must not be used as anything else. */
export interface DataRootState {
  /** `preparing`: no engine has used it, so it can be made anew. */
  readonly phase: 'preparing' | 'used';
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, as dockerd calls it. */
  readonly driver: string;
  readonly backend: StorageBackend;
  /** Why that backend. */
  readonly reason: string;
  /** Name of the file that holds its file system, for a backend that has one. */
  readonly disk?: string | undefined;
  readonly packs: readonly RecordedPack[];
}

const layoutVersion = 1;

/**
 * The state that a file keeps; undefined without a file.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` for one that is not understood
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
  throw new DrayError('DATA_ROOT_INCOMPATIBLE', `cannot use data-root: ${file} is not understood`, {
    hint: 'It may be of a newer drayage: use that, or remove the data-root with "dray engine stop --purge".',
  });
}

/** Becomes visible at once and durable. */
export async function writeState(file: string, state: DataRootState): Promise<void> {
  await writeFileAtOnce(file, `${JSON.stringify({ version: layoutVersion, ...state }, null, 2)}\n`);
}

/** Parses a state file; undefined when it is invalid. Pure. */
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

/** A name for a file system in a file that no other on the machine has: loop devices tell names only. */
export function newDiskName(): string {
  return `disk-${randomBytes(8).toString('hex')}.img`;
}

/** Whether a file is one. Pure. */
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
