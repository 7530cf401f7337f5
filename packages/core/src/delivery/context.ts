import type { PackedLayers } from '../bundle/packed-layers.ts';
import type { Engine, EngineInfo } from '../engine.ts';
import type { Pool } from '../handover/pool.ts';
import type { Digest } from '../image/digest.ts';
import type { Transport } from '../transport.ts';
import type { DeliveryEvent } from './events.ts';
import type { PackAccess } from './pack-access.ts';

/** A store of a bundle's blobs; `location` names it in messages. */
export type BlobLocation = Pick<Transport, 'location' | 'blobs' | 'sweep'>;

/** The state shared by all steps of a delivery. */
export interface DeliveryRun {
  /** The source of the blobs. */
  readonly handover: BlobLocation;
  /** Keeps blobs on this node; equals `handover` when there is no handover. */
  readonly local: BlobLocation;
  readonly pool: Pool;
  /** Provides layers that are only in packs; undefined: they count as missing. */
  readonly packs: PackAccess | undefined;
  readonly emit: (event: DeliveryEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** A delivery into one engine. */
export interface DeliveryContext extends DeliveryRun {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** The layers of the bundle's packs. */
  readonly packed: PackedLayers;
  /** ChainIds in the engine, listed on first use; every delivery adds to the set. */
  readonly knownChainIds: () => Promise<Set<Digest>>;
}
