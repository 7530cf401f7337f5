import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeBridge, type TestBridge } from './bridge.ts';
import type { AddressPool } from './engine-config.ts';
import { engineInFolder, type EngineInFolder } from './engine-process.ts';
import type { EngineVariant } from './engine-programs.ts';
import { makeFolder, removeAbandonedFolders, removeFolder } from './folders.ts';
import { mountExt4, mountTmpfs, unmountBelow } from './mounts.ts';

export { engineVariants } from './engine-programs.ts';
export type { EngineVariant } from './engine-programs.ts';

/** A real engine with a data-root of its own: containers need `--network none` (or `host`). */
export interface TestEngine extends EngineInFolder {
  /** Where packs are mounted for its containerd; undefined with the classic store. */
  readonly livePacks: string | undefined;
  /** Unmounts the packs that were mounted into it while it ran, and outlive the images on them. */
  unmountPacks(): Promise<void>;
  /** Ends it with everything it has started, unmounts and removes everything of it. */
  stop(): Promise<void>;
}

/** What can be asked of a test engine. */
export interface EngineOptions extends EngineVariant {
  readonly registryMirrors?: readonly string[];
  /** Registries besides those on loopback that may be spoken to without TLS. */
  readonly insecureRegistries?: readonly string[];
  /** What networks without a subnet get theirs from. */
  readonly addressPool?: AddressPool;
  /** What the data-root is on; a tmpfs unless told. `disk`: an ext4 in a file. */
  readonly dataRootOn?: 'tmpfs' | 'disk';
}

/** Starts an engine and waits until it answers. Throws with its log when it does not. */
export async function startEngine(options: EngineOptions): Promise<TestEngine> {
  await removeAbandonedFolders();
  const [folder, disks] = [makeFolder(), makeFolder()];
  const bridge = await makeBridge();
  const stop = (): Promise<void> => cleanUp([folder, disks], bridge);
  try {
    if (options.dataRootOn === 'disk') await mountExt4(join(disks, 'data-root'), folder);
    else await mountTmpfs(folder);
    const { engine, end } = await engineInFolder(folder, { ...options, bridge: bridge.name });
    const unmountPacks = async (): Promise<void> => {
      const packs = livePackFolder(engine.dataRoot);
      if (packs !== undefined) await unmountBelow(packs);
    };
    return {
      ...engine,
      livePacks: livePackFolder(engine.dataRoot),
      unmountPacks,
      async stop() {
        await end();
        // They outlive it, as they outlive a restart.
        await unmountPacks();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where packs are mounted for an engine's own containerd; undefined when it has none. */
function livePackFolder(dataRoot: string): string | undefined {
  try {
    const file = join(dataRoot, 'containerd/daemon/io.containerd.grpc.v1.introspection/uuid');
    return join('/run/drayage/live', readFileSync(file, 'utf8').trim());
  } catch {
    return undefined;
  }
}

async function cleanUp(folders: readonly string[], bridge: TestBridge): Promise<void> {
  for (const folder of folders) await removeFolder(folder);
  await bridge.remove();
}
