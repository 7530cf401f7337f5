import { formatPlatform, shortDigest, type EngineInfo, type ErrorSummary } from '@drayage/core';
import type { DeliveryPlan, ImagePlan, PrepullPlan } from '@drayage/core/plan';
import { formatTable } from './columns.ts';
import { counted, humanSize } from './quantities.ts';

/** What a mount of the bundle's packs on this machine would copy first, because others can write to them. */
export interface PrivateCopies {
  /** Who can write where. */
  readonly reason: string;
  /** Number of packs in the bundle as it is now. */
  readonly packs: number;
  readonly bytes: number;
  /** They are refused instead, because of `--strict`. */
  readonly isRefused: boolean;
}

/** What `plan --json` prints. */
export interface PlanReport extends PrepullPlan<DeliveryPlan> {
  /** The engine here, as it describes itself. */
  readonly engine?: EngineInfo | undefined;
  /** Why there is none. */
  readonly engineError?: ErrorSummary | undefined;
  /** What would have to be copied before it is mounted here. */
  readonly privateCopies?: PrivateCopies | undefined;
  /** Why there is nothing to pre-pull. */
  readonly reason?: string | undefined;
}

/** A table of what would be fetched, then how each image would come into the engine, then the sums. */
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
    if (state === 'skipped') return [`${reference}  skipped: there is no such image`];
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

/** Where images were asked for that nobody named on the command line. */
function originLines({ images }: PlanReport): readonly string[] {
  const rows = images.flatMap(({ reference, origin = 'the command line' }) =>
    origin === 'the command line' ? [] : [[`  ${reference}`, `from ${origin}`]],
  );
  return rows.length === 0 ? [] : ['asked for in:', ...formatTable(rows), ''];
}

function engineLines({ engine, engineError, images, privateCopies }: PlanReport): readonly string[] {
  if (engine === undefined)
    return [`no engine here, so no delivery is planned: ${engineError?.message ?? 'unknown reason'}`];
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
    ? `  packs are not mounted, since --strict is given: ${reason}`
    : `  packs are mounted from private copies (${cost}): ${reason}`;
}

function sums({ images, bytes, bytesInBundle, bytesToFetch }: PlanReport): string {
  const found = images.filter(({ state }) => state === 'found').length;
  return `${found} of ${counted(images.length, 'image')} found: ${humanSize(bytes)}, ${humanSize(bytesInBundle)} in the bundle already, ${humanSize(bytesToFetch)} to fetch`;
}
