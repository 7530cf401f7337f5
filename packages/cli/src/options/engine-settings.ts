import type { ImageStoreKind } from '@drayage/core';
import type { LayerContent } from '@drayage/mount';
import type { StorageWish } from '@drayage/private-engine';

/** `local`: as root on the engine's machine; `api`: through the Docker API alone. */
export type EngineReachWish = 'auto' | 'local' | 'api';

/** Settings of mounting and of private engines. */
export interface EngineSettings {
  /** Its directory. */
  readonly dataRoot: string;
  /** Undefined: the one on the PATH. */
  readonly dockerd: string | undefined;
  /** Undefined: what the data-root has, else classic. */
  readonly imageStore: ImageStoreKind | undefined;
  readonly storage: StorageWish;
  /** Undefined: a share of what is free. */
  readonly storageSizeBytes: number | undefined;
  /** `auto`, `none` or a name. */
  readonly bridge: string;
  /** URLs of mirrors of Docker Hub. */
  readonly registryMirrors: readonly string[];
  /** Where DOCKER_HOST is written to, beside stdout. */
  readonly exportFile: string | undefined;
  /** How the engine's side is reached for mounting. */
  readonly reach: EngineReachWish;
  /** What a live mount stores beside the mounted layers. */
  readonly mountContent: LayerContent;
  /** Remove the data-root too. */
  readonly purge: boolean;
}
