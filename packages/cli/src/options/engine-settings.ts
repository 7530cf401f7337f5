import type { ImageStoreKind } from '@drayage/core';
import type { MountReach } from '@drayage/core/bundle';
import type { LayerContent } from '@drayage/mount';
import type { StorageWish } from '@drayage/private-engine';

/** Settings for mounting and for private engines. */
export interface EngineSettings {
  /** Directory of the private engine. */
  readonly dataRoot: string;
  /** Undefined: dockerd on the PATH. */
  readonly dockerd: string | undefined;
  /** Undefined: that of the existing data-root, else classic. */
  readonly imageStore: ImageStoreKind | undefined;
  readonly storage: StorageWish;
  /** Undefined: 80 % of the free space. */
  readonly storageSizeBytes: number | undefined;
  /** `auto`, `none` or a name. */
  readonly bridge: string;
  /** URLs of Docker Hub mirrors. */
  readonly registryMirrors: readonly string[];
  /** File that gets DOCKER_HOST, in addition to stdout. */
  readonly exportFile: string | undefined;
  /**
   * How to reach the engine host for mounting. `local`: as root on the engine's machine; `api`: through the
   * Docker API only.
   */
  readonly reach: MountReach;
  /** What a live mount stores in addition to the mounted layers. */
  readonly mountContent: LayerContent;
  /** Also remove the data-root. */
  readonly purge: boolean;
}
