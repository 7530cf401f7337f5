import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isDrayError } from '@drayage/core';
import { createDirectoryTransport, readBundleIndex, readPacks, type Pack } from '@drayage/core/bundle';
import { canCompareInodes, judgeWriteAccess, readWriteFacts } from '@drayage/mount';
import type { WriteAccessQuery, WriteVerdict } from '@drayage/mount';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import type { PrivateCopies } from '../output/plan-text.ts';
import { sudoUid } from './pack-trust.ts';
import { openPackStore } from './packing.ts';

/**
 * Checks who can write to the packs of the bundle on this node, or to its directory if there are no packs
 * yet. Undefined: only trusted users can.
 */
export async function findPrivateCopies(
  config: Pick<Config, 'bundle' | 'strict'>,
  host: Pick<Host, 'env'>,
  signal: AbortSignal,
): Promise<PrivateCopies | undefined> {
  const { bundle, strict } = config;
  const query = { sudoUid: sudoUid(host), isInodeCompared: await canCompareInodes() };
  const store = openPackStore(bundle);
  const packs = await packsOf(bundle, signal);
  const judged = await Promise.all(
    packs.map(async ({ image }) => ({ image, verdict: await judge(store.fileOf(image.digest), query) })),
  );
  const copied = judged.flatMap(({ image, verdict }) =>
    verdict.kind === 'copy' ? [{ image, verdict }] : [],
  );
  const first =
    packs.length > 0 ? copied[0]?.verdict : await judge(join(bundle, 'blobs', 'sha256', 'pack'), query);
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
    // Pre-pull and load report an invalid bundle.
    if (!isDrayError(error) || signal.aborted) throw error;
    return [];
  }
}

/**
 * Checks an existing file as the mount does. The pre-pull creates a missing file so that only its owner can
 * change it; then only the directories can give others access, if they matter at all.
 */
async function judge(file: string, query: Omit<WriteAccessQuery, 'file'>): Promise<WriteVerdict> {
  if (query.isInodeCompared && !existsSync(file)) return { kind: 'trusted' };
  let path = resolve(file);
  for (; path !== dirname(path); path = dirname(path)) {
    try {
      const real = join(await realpath(dirname(path)), basename(path));
      return judgeWriteAccess(await readWriteFacts({ ...query, file: real }));
    } catch {
      // The parent directory.
    }
  }
  return { kind: 'trusted' };
}
