import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createDirectoryTransport, isDrayError, readBundleIndex, readPacks, type Pack } from '@drayage/core';
import { judgeWriteAccess, readWriteFacts, type WriteVerdict } from '@drayage/mount';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { sudoUid } from './pack-trust.ts';
import { openPackStore } from './packing.ts';

/** What a mount of the bundle's packs on this machine would copy first, because others can write to them. */
export interface PrivateCopies {
  /** Who can write where. */
  readonly reason: string;
  /** Of the bundle as it is now. */
  readonly packs: number;
  readonly bytes: number;
  /** They are refused instead. */
  readonly isRefused: boolean;
}

/** Looks who can write to the packs of the bundle on this node, or to its directory as long as it has none; undefined: only who is trusted. */
export async function findPrivateCopies(
  config: Pick<Config, 'bundle' | 'strict'>,
  host: Pick<Host, 'env'>,
  signal: AbortSignal,
): Promise<PrivateCopies | undefined> {
  const { bundle, strict } = config;
  const user = sudoUid(host);
  const store = openPackStore(bundle);
  const packs = await packsOf(bundle, signal);
  const judged = await Promise.all(
    packs.map(async ({ image }) => ({ image, verdict: await judge(store.fileOf(image.digest), user) })),
  );
  const copied = judged.flatMap(({ image, verdict }) =>
    verdict.kind === 'copy' ? [{ image, verdict }] : [],
  );
  const first =
    packs.length > 0 ? copied[0]?.verdict : await judge(join(bundle, 'blobs', 'sha256', 'pack'), user);
  if (first?.kind !== 'copy') return undefined;
  const bytes = copied.reduce((sum, { image }) => sum + image.size, 0);
  return { reason: first.reason, packs: copied.length, bytes, isRefused: strict };
}

async function packsOf(bundle: string, signal: AbortSignal): Promise<readonly Pack[]> {
  const { blobs, documents } = createDirectoryTransport(bundle);
  try {
    const index = await readBundleIndex(documents, signal);
    return await readPacks(blobs, index?.packs ?? [], { onBroken: () => undefined, signal });
  } catch (error) {
    // Pre-pull and load say what is wrong with a bundle.
    if (!isDrayError(error) || signal.aborted) throw error;
    return [];
  }
}

/** What is not there yet is judged by the directories that are. */
async function judge(file: string, user: number | undefined): Promise<WriteVerdict> {
  let path = resolve(file);
  for (; path !== dirname(path); path = dirname(path)) {
    try {
      const real = join(await realpath(dirname(path)), basename(path));
      return judgeWriteAccess(await readWriteFacts(real, user));
    } catch {
      // The next directory above.
    }
  }
  return { kind: 'trusted' };
}
