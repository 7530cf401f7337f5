import { delimiter, dirname, join } from 'node:path';

import { cachedPart, programOnPath } from './parts.ts';
import { run } from './processes.ts';

/** An engine by the version set-up was asked for; `path` is whatever dockerd this machine has on PATH. */
export type EngineName = '20.10' | '26.1' | '28.5' | 'path';

/** The image store of an engine. */
export type ImageStore = 'classic' | 'containerd';

/** One engine with one of its image stores. */
export interface EngineVariant {
  readonly name: EngineName;
  readonly imageStore: ImageStore;
}

/** Names the engines that can be started here; `path` only where set-up has fetched none. */
export function availableEngines(): EngineName[] {
  if (process.getuid?.() !== 0) return [];
  const fetched = (['20.10', '26.1', '28.5'] as const).filter(
    (name) => cachedPart(`engines/${name}`) !== undefined,
  );
  return fetched.length > 0 || programOnPath('dockerd') === undefined ? fetched : ['path'];
}

/** What every engine test runs on. */
export const engineVariants: readonly EngineVariant[] = availableEngines().includes('path')
  ? [{ name: 'path', imageStore: 'classic' }]
  : [
      { name: '20.10', imageStore: 'classic' },
      { name: '28.5', imageStore: 'classic' },
      { name: '28.5', imageStore: 'containerd' },
    ];

/** For tests to which the engine does not matter. */
export const anyEngine: EngineVariant = engineVariants[0] ?? { name: 'path', imageStore: 'classic' };

/** Those and one more release, for what depends on how an engine keeps its files. */
export const everyEngineVariant: readonly EngineVariant[] = availableEngines().includes('path')
  ? engineVariants
  : [...engineVariants, { name: '26.1', imageStore: 'classic' }];

/** Makes the PATH on which an engine's own programs come first. Throws when there is no such engine. */
export function enginePath(name: EngineName): string {
  const system = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'];
  return [...engineFolders(name), ...system].join(delimiter);
}

/** Tells the first two numbers of an engine's version, for example `28.5`. */
export async function engineRelease(name: EngineName): Promise<string> {
  const { stdout } = await run('dockerd', ['--version'], { env: { PATH: enginePath(name) } });
  return /version (\d+\.\d+)/.exec(stdout)?.[1] ?? '0.0';
}

function engineFolders(name: EngineName): string[] {
  if (name === 'path') return [dirname(programOnPath('dockerd') ?? '')];
  const part = cachedPart(`engines/${name}`);
  if (part === undefined) throw new Error(`cannot find engine ${name}: set-up has not fetched it`);
  return [join(part, 'usr/bin'), join(part, 'usr/sbin')];
}
