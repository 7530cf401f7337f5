import { emptyLock, type Lock } from '../lock/lock-file.ts';
import { findDrift } from '../lock/drift.ts';
import { formatPlatform, hostPlatform, isDrayError, parsePlatform, type Platform } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { gatherImages } from '../images/gather-images.ts';
import { lockImages, lookUpImages } from '../lock/lock-images.ts';
import { findLock, lockPath, readLock, writeLock, type LockPath } from '../lock/lock-store.ts';
import type { Config } from '../options/option.ts';
import { lockCheckText, lockText, type LockCheckReport, type LockReport } from '../output/lock-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { prepare } from '../prepare/prepare.ts';
import { openRegistry } from '../wiring/open-registry.ts';
import type { CommandContext } from '../command.ts';

/** `dray lock`. */
export async function runLock(context: CommandContext): Promise<number> {
  const { config, host, dir } = context;
  const place = lockPath(config, { cwd: host.cwd, dir });
  const progress = await startProgress(host);
  try {
    return await (config.check ? checkLock : makeLock)(context, place, progress);
  } finally {
    progress.stop();
  }
}

async function makeLock(context: CommandContext, place: LockPath, progress: Progress): Promise<number> {
  const { config, host } = context;
  const before = await lockBefore(place, progress);
  const platforms = platformsToLock(config, before);
  const { lock, failures } = await withImages({ ...context, platforms }, progress, (images, locking) =>
    lockImages(images, platforms, before, locking),
  );
  const written = failures.length === 0;
  if (written) await writeLock(place, lock);
  const names = platforms.map(formatPlatform);
  const report = { path: place.shown, written, images: lock.images.size, platforms: names, failures };
  progress.stop();
  if (config.json) host.stdout.write(`${JSON.stringify(report satisfies LockReport)}\n`);
  host.stderr.write(lockText(report));
  return written ? exitCodes.done : exitCodes.notAvailable;
}

async function checkLock(context: CommandContext, place: LockPath, progress: Progress): Promise<number> {
  const { config, host } = context;
  const lock = await readLock(place);
  const platforms = platformsToLock(config, lock);
  const names = platforms.map(formatPlatform);
  const wanted = await withImages({ ...context, platforms }, progress, lookUpImages);
  const found = names.flatMap((platform) => findDrift(lock, wanted, platform));
  const drifts = [...new Map(found.map((drift) => [JSON.stringify(drift), drift])).values()];
  const report = { path: place.shown, ok: drifts.length === 0, platforms: names, drifts };
  progress.stop();
  host.stdout.write(
    config.json ? `${JSON.stringify(report satisfies LockCheckReport)}\n` : lockCheckText(report),
  );
  return report.ok ? exitCodes.done : exitCodes.notAvailable;
}

/** Runs `use` with all images in the configuration, for any branch. */
async function withImages<Result>(
  context: CommandContext & { readonly platforms: readonly Platform[] },
  progress: Progress,
  use: (...parameters: Parameters<typeof lookUpImages>) => Promise<Result>,
): Promise<Result> {
  const { config, host, signal } = context;
  const warn = (message: string): void => progress.line(`dray: warning: ${message}`);
  const source = await openRegistry(config, host, warn);
  try {
    const { images } = await gatherImages({ ...context, tags: source, warn, always: true });
    await prepare(config.prepare, { host, progress, signal });
    progress.status('asking the registries');
    return await use(images, { source, config, signal });
  } finally {
    await source.close();
  }
}

/** Replaces an unreadable lock, as the hint of its error says. */
async function lockBefore(place: LockPath, progress: Progress): Promise<Lock> {
  try {
    return (await findLock(place)) ?? emptyLock;
  } catch (error) {
    if (!isDrayError(error, 'LOCK_INVALID')) throw error;
    progress.line(`dray: warning: ${error.message}; writing a new one`);
    return emptyLock;
  }
}

/** The requested platforms, else the platforms in the lock, else the platform of a pre-pull here. */
function platformsToLock({ platform, platforms }: Config, { images }: Lock): readonly Platform[] {
  if (platforms.length > 0) return platforms;
  const locked = new Set([...images.values()].flatMap((facts) => [...facts.keys()]));
  const own = formatPlatform(platform ?? hostPlatform());
  const names = platform !== undefined || locked.size === 0 ? [own] : [...locked].sort();
  return names.map(parsePlatform);
}
