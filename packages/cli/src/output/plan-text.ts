import { formatPlatform, shortDigest, type EngineInfo, type ErrorSummary } from '@drayage/core';
import type { DeliveryPlan, ImagePlan, PrepullPlan, WayChoice } from '@drayage/core/plan';
import { formatTable } from './columns.ts';
import { counted, humanSize } from './quantities.ts';

/** The private copies that a mount on this machine would need, because others can write to the packs. */
export interface PrivateCopies {
  /** Who can write to what. */
  readonly reason: string;
  /** Number of packs in the current bundle. */
  readonly packs: number;
  readonly bytes: number;
  /** True: packs are refused instead, because of `--strict`. */
  readonly isRefused: boolean;
}

/** What `plan --json` prints. */
export interface PlanReport extends PrepullPlan<DeliveryPlan> {
  /** The engine's own description. */
  readonly engine?: EngineInfo | undefined;
  /** Why no engine is available. */
  readonly engineError?: ErrorSummary | undefined;
  /** How `dray load` would bring the images into the engine here. */
  readonly choice?: WayChoice | undefined;
  /** The private copies that a mount needs. */
  readonly privateCopies?: PrivateCopies | undefined;
  /** Why there is nothing to pre-pull. */
  readonly reason?: string | undefined;
}

/** A table of what would be fetched, then how each image would be delivered, then the totals. */
export function planText(report: PlanReport): string {
  if (report.reason !== undefined) return `${report.reason}\n`;
  return `${[...fetchTable(report), '', ...originLines(report), ...engineLines(report), '', sums(report)].join('\n')}\n`;
}

function fetchTable({ images }: PlanReport): readonly string[] {
  const header = ['IMAGE', 'MANIFEST', 'PLATFORM', 'LAYERS', 'SIZE', 'IN BUNDLE', 'TO FETCH'];
  const found = images.filter(({ state }) => state === 'found');
  const table = found.length === 0 ? [] : formatTable([header, ...found.map(fetchRow)], [3, 4, 5, 6]);
  const others = images.flatMap(({ reference, state, error }) => {
    if (state === 'found') return [];
    if (state === 'skipped') return [`${reference}  skipped: image not found`];
    const hint = error?.hint === undefined ? [] : [`  hint: ${error.hint}`];
    return [`${reference}  failed: ${error?.message ?? 'unknown reason'}`, ...hint];
  });
  return [...table, ...others];
}

function fetchRow(image: ImagePlan<DeliveryPlan>): readonly string[] {
  return [
    image.reference,
    image.manifestDigest === undefined ? '' : shortDigest(image.manifestDigest),
    image.platform ?? '',
    String(image.layers),
    humanSize(image.bytes),
    humanSize(image.bytesInBundle),
    humanSize(image.bytesToFetch),
  ];
}

/** The origins of images that are not from the command line. */
function originLines({ images }: PlanReport): readonly string[] {
  const rows = images.flatMap(({ reference, origin = 'the command line' }) =>
    origin === 'the command line' ? [] : [[`  ${reference}`, `from ${origin}`]],
  );
  return rows.length === 0 ? [] : ['requested in:', ...formatTable(rows), ''];
}

function engineLines({ engine, engineError, images, privateCopies }: PlanReport): readonly string[] {
  if (engine === undefined)
    return [`no engine here, so there is no delivery plan: ${engineError?.message ?? 'unknown reason'}`];
  const { location, version, imageStore, storageDriver, platform } = engine;
  const description = `engine ${version} at ${location}: ${imageStore} image store, ${storageDriver}, ${formatPlatform(platform)}`;
  return [
    description,
    ...images.flatMap(({ reference, delivery }) =>
      delivery === undefined ? [] : [deliveryLine(reference, delivery)],
    ),
    ...(privateCopies === undefined ? [] : [copiesLine(privateCopies)]),
  ];
}

function deliveryLine(reference: string, { delivery, reason, layers, bytesToSend }: DeliveryPlan): string {
  switch (delivery) {
    case 'present':
      return `  ${reference}  nothing to send: ${reason}`;
    case 'mount':
      return `  ${reference}  mount ${counted(layers.total, 'layer')}: ${reason}`;
    case 'load':
      return `  ${reference}  load ${counted(layers.sent, 'layer')}, ${humanSize(bytesToSend)}: ${reason}`;
    case 'pull':
      return `  ${reference}  pull: ${reason}`;
    case 'none':
      return `  ${reference}  cannot be delivered: ${reason}`;
  }
}

function copiesLine({ packs, bytes, reason, isRefused }: PrivateCopies): string {
  const cost = packs === 0 ? 'as large as the packs' : `${counted(packs, 'pack')}, ${humanSize(bytes)}`;
  return isRefused
    ? `  packs are not mounted, because of --strict: ${reason}`
    : `  packs are mounted from private copies (${cost}): ${reason}`;
}

function sums({ images, bytes, bytesInBundle, bytesToFetch }: PlanReport): string {
  const found = images.filter(({ state }) => state === 'found').length;
  return `${found} of ${counted(images.length, 'image')} found: ${humanSize(bytes)}, ${humanSize(bytesInBundle)} already in the bundle, ${humanSize(bytesToFetch)} to fetch`;
}
