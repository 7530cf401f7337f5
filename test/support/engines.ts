import { makeBridge, type TestBridge } from './bridge.ts';
import { engineInFolder, type EngineInFolder } from './engine-process.ts';
import type { EngineVariant } from './engine-programs.ts';
import { makeFolder, removeAbandonedFolders, removeFolder } from './folders.ts';
import { mountTmpfs } from './mounts.ts';

export { engineVariants } from './engine-programs.ts';
export type { EngineVariant } from './engine-programs.ts';

/** A real engine with a data-root of its own, on a tmpfs: containers need `--network none` (or `host`). */
export interface TestEngine extends EngineInFolder {
  /** Ends it with everything it has started, unmounts and removes everything of it. */
  stop(): Promise<void>;
}

/** What can be asked of a test engine. */
export interface EngineOptions extends EngineVariant {
  readonly registryMirrors?: readonly string[];
  /** Registries besides those on loopback that may be spoken to without TLS. */
  readonly insecureRegistries?: readonly string[];
}

/** Starts an engine and waits until it answers. Throws with its log when it does not. */
export async function startEngine(options: EngineOptions): Promise<TestEngine> {
  await removeAbandonedFolders();
  const folder = makeFolder();
  const bridge = await makeBridge();
  const stop = (): Promise<void> => cleanUp(folder, bridge);
  try {
    await mountTmpfs(folder);
    const { engine, end } = await engineInFolder(folder, { ...options, bridge: bridge.name });
    return {
      ...engine,
      async stop() {
        await end();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function cleanUp(folder: string, bridge: TestBridge): Promise<void> {
  await removeFolder(folder);
  await bridge.remove();
}
