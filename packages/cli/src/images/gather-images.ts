import { UsageError, distinctImages, formatPlatform, hostPlatform } from '@drayage/core';
import { pinImages } from '../lock/pin-images.ts';
import { whyNotNow, type Conditions, type RunContext } from '../conditions/conditions.ts';
import type { Platform, PrepullImage, TagSource } from '@drayage/core';
import type { Host } from '../host.ts';
import { lockPath, readLock } from '../lock/lock-store.ts';
import type { Config, ImageRequest } from '../options/option.ts';
import { requestedImage } from './requested-image.ts';
import { readRunContext } from './run-context.ts';

export interface GatherRequest {
  readonly config: Config;
  readonly host: Host;
  /** Where to find the lock. */
  readonly dir: string;
  readonly tags: TagSource;
  readonly warn: (message: string) => void;
  /** Platforms that images of files may ask for besides that of the configuration, or of this machine. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Ignore conditions: gather the images of every run. */
  readonly always?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** The images of one run. */
export interface ImageSet {
  /** Distinct, in the order given. */
  readonly images: readonly PrepullImage[];
  /** Why there are no images, if that is not an error. */
  readonly reason?: string | undefined;
}

/**
 * The images of a run: those given by name and those found in files, except images that conditions exclude
 * for this branch, tag or event.
 * @throws UsageError `USAGE` if no image is given at all, `VARIABLE_MISSING`, `REFERENCE_INVALID`,
 * `CONFIG_INVALID`, `DISCOVERY_FAILED`; DrayError `LOCK_INVALID`
 */
export async function gatherImages(request: GatherRequest): Promise<ImageSet> {
  const { config } = request;
  const asked = [
    ...config.images,
    ...config.optional.map((image): ImageRequest => ({ ...image, optional: true })),
  ];
  if (asked.length === 0 && config.from.length === 0) throw nothingAsked();
  const isNow = createConditionCheck(request);
  const whole = await isNow({
    only: config.runOnly,
    except: config.runExcept,
  });
  if (whole !== undefined) return { images: [], reason: `nothing is pre-pulled: ${whole}` };
  const reasons: string[] = [];
  const images: PrepullImage[] = [];
  for (const image of asked) {
    const reason = await isNow(image);
    if (reason === undefined) images.push(...expanded(image, request));
    else reasons.push(`${image.image.text}: ${reason}`);
  }
  for (const reason of reasons) note(request, reason);
  images.push(...(await discovered(request)));
  return images.length === 0
    ? { images: [], reason: `nothing is pre-pulled: ${noneText(reasons, config)}` }
    : { images: distinctImages(images) };
}

/**
 * With `--frozen`, the images as `dray.lock` has them.
 * @throws UsageError `LOCK_DRIFT`; DrayError `LOCK_INVALID`
 */
export async function frozenImages(
  images: readonly PrepullImage[],
  { config, host, dir }: Pick<GatherRequest, 'config' | 'host' | 'dir'>,
): Promise<readonly PrepullImage[]> {
  if (!config.frozen) return images;
  const path = lockPath(config, { cwd: host.cwd, dir });
  const platform = formatPlatform(config.platform ?? hostPlatform());
  return pinImages(images, await readLock(path), { platform, path: path.shown });
}

function expanded(image: ImageRequest, request: GatherRequest): readonly PrepullImage[] {
  const { host, tags } = request;
  const found = requestedImage(image, {
    variables: host.env,
    tags,
    note: (line) => note(request, line),
  });
  return found === undefined ? [] : [found];
}

async function discovered({
  config,
  host,
  warn,
  platforms: morePlatforms = [],
  signal,
}: GatherRequest): Promise<readonly PrepullImage[]> {
  const { from, strict } = config;
  if (from.length === 0) return [];
  // The parsers are large, and most runs name their images.
  const { discoveredImages } = await import('./discovered-images.ts');
  const platform = config.platform ?? hostPlatform();
  return discoveredImages({ from, platform, morePlatforms, strict, warn, signal }, host);
}

/**
 * Says why conditions do not hold. Asks the CI system at most once, and only if there are conditions.
 */
function createConditionCheck({
  config,
  host,
  always = false,
}: GatherRequest): (conditions: Conditions) => Promise<string | undefined> {
  let context: Promise<RunContext> | undefined;
  return async (conditions) => {
    if (always || (conditions.only === undefined && conditions.except === undefined)) return undefined;
    context ??= readRunContext(config, host);
    return whyNotNow(conditions, await context);
  };
}

function note({ config, host }: GatherRequest, line: string): void {
  if (config.verbose) host.stderr.write(`dray: ${line}\n`);
}

function noneText(reasons: readonly string[], { from }: Config): string {
  if (reasons.length > 0) return reasons.join('; ');
  return from.length > 0
    ? `no image found in ${from.join(', ')}`
    : 'every optional image has a variable that is not set';
}

function nothingAsked(): UsageError {
  return new UsageError('USAGE', 'cannot pre-pull: no image given', {
    hint: 'Give images as arguments, in DRAY_IMAGES or under "images" in .dray.yml, or name files that contain them with --from.',
  });
}
