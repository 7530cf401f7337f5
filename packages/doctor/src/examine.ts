import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf, type EngineInfo } from '@drayage/core';
import { shortReason } from '@drayage/core/plan';
import { createLocalEngineHost } from '@drayage/mount';
import { whyNoMounts } from '@drayage/host';
import { filesystemAt, probeStorage, type ScratchRun, type Trial } from '@drayage/private-engine';
import type { StorageLook } from './facts.ts';
import { probe, within } from './within.ts';

/**
 * Why this process cannot mount into a running engine; undefined if it can. Connects to the engine's
 * containerd; changes nothing.
 */
export async function probeLocalEngineHost(info: EngineInfo | undefined): Promise<Trial> {
  if (info === undefined) return 'no engine answers';
  if (info.imageStore === 'classic') return 'it uses the classic image store';
  const signal = AbortSignal.timeout(5000);
  const look = createLocalEngineHost({ info, signal }).then(
    async (engineHost): Promise<Trial> => {
      await engineHost.close();
      return undefined;
    },
    (error: unknown) => shortReason(reasonOf(error)),
  );
  return within(look, 'its containerd does not answer', 6000);
}

/**
 * Tries storage backends in the closest existing parent of a data-root. Each trial has its own mount
 * namespace, which ends with it.
 */
export async function probeDataRoot(
  dataRoot: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StorageLook> {
  const dir = await closestDirectory(resolve(dataRoot));
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const filesystem = filesystemAt(dir, mountinfo);
  const problem = await whyNoMounts();
  if (problem !== undefined) return { dataRoot, filesystem, problem };
  const run: ScratchRun = (script, ...args) =>
    probe(['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, 'drayage', ...args], env);
  try {
    return { dataRoot, filesystem, facts: await probeStorage(dir, env, { run }) };
  } catch (error) {
    return { dataRoot, filesystem, problem: reasonOf(error) };
  }
}

async function closestDirectory(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true || path === dirname(path)) return path;
  return closestDirectory(dirname(path));
}
