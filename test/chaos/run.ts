import { sweepLiveMounts } from '@drayage/mount/testing';

import { dray, type DrayOptions } from '../support/dray.ts';
import type { EngineInFolder } from '../support/engine-process.ts';
import type { Finished } from '../support/processes.ts';
import { liveRequest } from '../support/live.ts';
import type { CheckedImage } from './images.ts';

/** Runs `dray` to its end. Throws with everything that it printed unless it exits with 0. */
export async function drayDone(args: readonly string[], options: DrayOptions = {}): Promise<Finished> {
  const finished = await dray(args, options);
  if (finished.exitCode === 0) return finished;
  throw new Error(`dray ${args.join(' ')} ended with ${endOf(finished)}`);
}

/** The exit code or signal, and everything printed. */
export function endOf({ exitCode, signal, stdout, stderr }: Finished): string {
  return `${String(exitCode ?? signal)}:\n${stdout}${stderr}`;
}

/** Runs a container of each image, which reads all its files. Throws unless every byte is right. */
export async function expectRunning(
  { docker }: Pick<EngineInFolder, 'docker'>,
  images: readonly CheckedImage[],
): Promise<void> {
  for (const { reference, prints } of images) {
    // Without this, docker would pull an image that is not there.
    await docker(['image', 'inspect', reference]);
    const { stdout } = await docker(['run', '--rm', '--network', 'none', reference]);
    if (stdout !== prints) throw new Error(`${reference} prints ${stdout}`);
  }
}

/** Removes every image, and the packs of a bundle that no image needs any more, as each mount does. */
export async function emptyEngine(engine: EngineInFolder, bundle: string): Promise<void> {
  await engine.docker(['system', 'prune', '--all', '--force']);
  if (engine.imageStore === 'containerd') await sweepLiveMounts(await liveRequest(engine, bundle));
}
