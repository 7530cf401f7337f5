import type { Engine } from '../engine.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import type { WaitPolicy } from '../rendezvous/wait-decision.ts';
import { deliver } from './deliver.ts';
import type { DeliveryOptions } from './options.ts';
import type { DeliveryReport } from './report.ts';

/** The bundle: a directory, or a handover location and a local store for its blobs. */
export type DeliveryLocation = string | Pick<DeliveryOptions, 'handover' | 'local'>;

type Defaulted = 'only' | 'delivery' | 'onMiss' | 'concurrency' | 'pollMs';
type Given = Omit<DeliveryOptions, Defaulted | 'engine' | 'handover' | 'local' | 'policy'>;

/** Defaults: every image, `auto`, `continue`, 6 concurrent transfers, a poll every 200 ms. */
export interface DeliverOptions extends Given, Partial<Pick<DeliveryOptions, Defaulted>> {
  /** Default: a pre-pull must begin within a minute and end within ten. */
  readonly policy?: Partial<WaitPolicy> | undefined;
}

const defaults = {
  only: [],
  delivery: 'auto',
  onMiss: 'continue',
  concurrency: 6,
  pollMs: 200,
} as const satisfies Pick<DeliveryOptions, Defaulted>;

const defaultPolicy: WaitPolicy = { timeoutMs: 600_000, graceMs: 60_000, settled: false };

/**
 * Waits for the images of a pre-pull, and delivers each to the engine as soon as the bundle has it. The
 * report states failures. @throws DrayError `ABORTED`
 */
export function deliverImages(
  location: DeliveryLocation,
  engine: Engine,
  { policy, ...options }: DeliverOptions = {},
): Promise<DeliveryReport> {
  return deliver({
    ...defaults,
    ...options,
    ...placesOf(location),
    engine,
    policy: { ...defaultPolicy, ...policy },
  });
}

function placesOf(location: DeliveryLocation): Pick<DeliveryOptions, 'handover' | 'local'> {
  if (typeof location !== 'string') return { handover: location.handover, local: location.local };
  const directory = createDirectoryTransport(location);
  return { handover: directory, local: directory };
}
