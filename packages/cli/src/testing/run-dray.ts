import { join } from 'node:path';
import type { Platform } from '@drayage/core';
import { randomImage } from '@drayage/core/testing';
import type { FaultyRegistry } from '@drayage/registry/testing';
import type { Host } from '../host.ts';
import { run } from '../run.ts';

/** The result of a command line. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The working directory, also the home of the user. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a command line in this process; there is no engine unless `env` names one. */
export async function runDray(argv: readonly string[], { cwd, env, signal }: RunOptions): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const sinkOf = (stream: 'stdout' | 'stderr'): Host['stdout'] => ({
    isTerminal: false,
    write(text) {
      written[stream] += text;
    },
  });
  const surroundings = {
    DOCKER_HOST: `unix://${join(cwd, 'no.sock')}`,
    DRAY_BUNDLE: join(cwd, '.dray', 'bundle'),
    PATH: process.env['PATH'],
  };
  const exitCode = await run(
    {
      argv,
      env: { ...surroundings, ...env },
      cwd,
      homeDir: cwd,
      version: '1.2.3',
      stdout: sinkOf('stdout'),
      stderr: sinkOf('stderr'),
    },
    signal ?? new AbortController().signal,
  );
  return { exitCode, ...written };
}

/** Adds a small image to a registry with some tags; resolves with the digest of its manifest. */
export function addImage(
  registry: FaultyRegistry,
  repository: string,
  tags: readonly string[],
  seed = 1,
  platform?: Platform,
): string {
  const image = randomImage({ seed, platform });
  for (const [digest, bytes] of image.blobs) {
    if (digest !== image.target.digest) registry.addBlob(bytes);
  }
  const manifest = image.blobs.get(image.target.digest) ?? new Uint8Array();
  registry.addManifest(repository, tags, manifest, image.target.mediaType);
  return image.target.digest;
}
