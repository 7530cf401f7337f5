import { resolve } from 'node:path';
import { UsageError, familiarReference, formatPlatform, hostPlatform, parseReference } from '@drayage/core';
import type { Reference } from '@drayage/core';
import type { BakedContext } from '@drayage/bake';
import { exitCodes } from '../exit-codes.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { sudoUid } from '../wiring/pack-trust.ts';
import { openPackRootLister, openPackStore } from '../wiring/packing.ts';
import { trustedBundle } from '../wiring/trust.ts';
import type { CommandContext } from '../command.ts';

/** What `bake --json` prints. */
export interface BakeReport {
  /** The directory of the build context. */
  readonly output: string;
  readonly base: string;
  /** References; images without a name are left out. */
  readonly images: readonly string[];
  readonly packs: BakedContext['packs'];
  /** Total size of the packs (bytes). */
  readonly bytes: number;
  /** The built image; absent without `--tag`. */
  readonly tag?: string | undefined;
  readonly pushed: boolean;
}

/** `dray bake`. */
export async function runBake(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const tag = imageName(context);
  const base = parseReference(config.base);
  const progress = await startProgress(host);
  let report: BakeReport;
  try {
    const { packs, images } = await writeContext(context, base, progress);
    if (tag !== undefined) await build(context, tag, progress);
    report = {
      output: config.output,
      base: familiarReference(base),
      images: images.flatMap((reference) => (reference === undefined ? [] : [familiarReference(reference)])),
      packs,
      bytes: packs.reduce((sum, { bytes }) => sum + bytes, 0),
      tag,
      pushed: config.push,
    };
  } finally {
    progress.stop();
  }
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : bakeSummary(report));
  return exitCodes.done;
}

/** A one-line summary. */
export function bakeSummary({ output, images, packs, bytes, tag, pushed }: BakeReport): string {
  const content = `${counted(images.length, 'image')} in ${counted(packs.length, 'pack')}, ${humanSize(bytes)}`;
  const made = tag === undefined ? `build context ${output}` : `${pushed ? 'pushed' : 'built'} ${tag}`;
  return `${made}: ${content}\n`;
}

function imageName({ config: { bakeTag, push } }: CommandContext): string | undefined {
  if (bakeTag === undefined) {
    if (!push) return undefined;
    throw new UsageError('USAGE', 'cannot push the image: it has no name', { hint: 'Name it with --tag.' });
  }
  const reference = parseReference(bakeTag);
  if (reference.digest === undefined) return familiarReference(reference);
  throw new UsageError('USAGE', `cannot build ${bakeTag}: --tag must not contain a digest`, {
    hint: 'Pass --tag a name without a digest.',
  });
}

async function writeContext(
  { config, host, signal }: CommandContext,
  base: Reference,
  progress: Progress,
): Promise<BakedContext> {
  const { writeBakeContext } = await import('@drayage/bake');
  const { output } = config;
  const bundle = trustedBundle(config);
  progress.status(`writing the build context ${output}`);
  const store = openPackStore(config.bundle);
  const platform = config.platform ?? hostPlatform();
  const packRoots = openPackRootLister(host);
  return writeBakeContext({
    ...{ bundle, store, packRoots, platform, base, output, signal },
    sudoUid: sudoUid(host),
  });
}

async function build(
  { config, host, signal }: CommandContext,
  tag: string,
  progress: Progress,
): Promise<void> {
  const { runDockerClient } = await import('@drayage/bake');
  const run = async (what: string, args: readonly string[]): Promise<void> => {
    progress.status(`docker ${args[0] ?? ''} ${tag}`);
    const onLine = (line: string): void => progress.line(line);
    await runDockerClient({ what: `${what} ${tag}`, args, env: host.env, onLine, signal });
  };
  const platform = config.platform === undefined ? [] : ['--platform', formatPlatform(config.platform)];
  await run('build', ['build', '--tag', tag, ...platform, resolve(host.cwd, config.output)]);
  if (config.push) await run('push', ['push', tag]);
}
