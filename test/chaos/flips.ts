import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { createDirectoryTransport, readBundleIndex, readPacks } from '@drayage/core/bundle';
import type { Random } from '@drayage/core/testing';

import { makeFolder, removeFolder } from '../support/folders.ts';
import { startRegistry } from '../support/registry.ts';
import { pushImages, references, type CheckedImage } from './images.ts';
import { drayDone } from './run.ts';

/** What a file is in a bundle. */
export type Role =
  | 'index'
  | 'status'
  | 'signature'
  | 'layout'
  | 'image document'
  | 'layer'
  | 'pack document'
  | 'pack'
  | 'tar-split';

/** A bundle to damage. */
export interface Subject {
  readonly form: 'layers' | 'packs' | 'both';
  readonly isSigned: boolean;
  readonly dir: string;
  /** Variables with the keys, if it is signed. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths in the bundle, by role; no role is empty. */
  readonly files: ReadonlyMap<Role, readonly string[]>;
}

export interface Flip {
  readonly role: Role;
  readonly path: string;
  readonly position: number;
  /** What the byte is XORed with; not 0. */
  readonly mask: number;
}

/** Pre-pulls a bundle of each form, signed and not, and removes them afterwards. */
export async function withSubjects(
  action: (subjects: readonly [Subject, ...Subject[]], images: readonly CheckedImage[]) => Promise<void>,
): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  try {
    const images = await pushImages(registry);
    const subjects: Subject[] = [];
    for (const form of ['layers', 'packs', 'both'] as const) {
      for (const isSigned of [false, true]) {
        const dir = join(folder, `${form}-${isSigned ? 'signed' : 'plain'}`);
        const env = isSigned ? keys() : {};
        const args = [...references(images), '--bundle', dir, '--form', form];
        await drayDone(['prepull', ...args, ...(isSigned ? ['--sign'] : [])], { env });
        subjects.push({ form, isSigned, dir, env, files: await filesOf(dir, isSigned) });
      }
    }
    const [first, ...others] = subjects;
    if (first !== undefined) await action([first, ...others], images);
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}

/** Chooses a role first, so that a large file does not get nearly all flips. */
export function chooseFlip({ dir, files }: Subject, random: Random): Flip {
  const role = pick([...files.keys()], random);
  const path = pick(files.get(role) ?? [], random);
  const { length } = readFileSync(join(dir, path));
  // The last byte of this file is white space, which other tools write or not.
  const limit = role === 'layout' ? length - 1 : length;
  return { role, path, position: random.below(limit), mask: 1 + random.below(255) };
}

/** Copies a bundle with one byte changed; the caller removes the folder. */
export async function flippedCopy({ dir }: Subject, { path, position, mask }: Flip): Promise<string> {
  const folder = makeFolder();
  await cp(dir, folder, { recursive: true });
  const file = join(folder, path);
  const bytes = readFileSync(file);
  bytes[position] = (bytes[position] ?? 0) ^ mask;
  rmSync(file);
  writeFileSync(file, bytes);
  return folder;
}

export function flipText({ form, isSigned }: Subject, { role, path, position, mask }: Flip): string {
  const where = `byte ${String(position)} ^ ${String(mask)}`;
  return `${form}${isSigned ? ', signed' : ''}: ${role} ${path.slice(0, 24)} ${where}`;
}

function keys(): Readonly<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    DRAY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    DRAY_VERIFY_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

async function filesOf(dir: string, isSigned: boolean): Promise<ReadonlyMap<Role, readonly string[]>> {
  const { blobs, documents } = createDirectoryTransport(dir);
  const packs = await readPacks(blobs, (await readBundleIndex(documents))?.packs ?? []);
  const roles = new Map<string, Role>();
  for (const pack of packs) {
    roles.set(pack.manifest.digest, 'pack document');
    roles.set(pack.config.digest, 'pack document');
    roles.set(pack.image.digest, 'pack');
    for (const { tarSplit } of pack.layers) roles.set(tarSplit.digest, 'tar-split');
  }
  const files = new Map<Role, string[]>([
    ['index', ['index.json']],
    ['status', ['dray-status.json']],
    ['layout', ['oci-layout']],
  ]);
  if (isSigned) files.set('signature', ['dray-signature.json']);
  for (const name of readdirSync(join(dir, 'blobs/sha256'))) {
    const path = join('blobs/sha256', name);
    const role = roles.get(`sha256:${name}`) ?? (isJson(join(dir, path)) ? 'image document' : 'layer');
    files.set(role, [...(files.get(role) ?? []), path]);
  }
  return files;
}

function isJson(path: string): boolean {
  return readFileSync(path).subarray(0, 1).toString() === '{';
}

function pick<T>(values: readonly T[], random: Random): T {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}
