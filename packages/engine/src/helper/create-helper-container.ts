import type { Digest } from '@drayage/core';
import type Dockerode from 'dockerode';
import type { Connection } from '../connection.ts';
import { engineReason } from '../engine-errors.ts';
import { helperLabel } from './helper-errors.ts';

/** Where programs are on a Linux host. Not every host has all of them. */
export const hostFolders = ['/bin', '/sbin', '/usr', '/lib', '/lib64'] as const;

/** Where the helper has its volume. */
export const volumeFolder = '/drayage';

/** Makes the helper's container. A folder that the engine's host lacks is left out. Errors are dockerode's. */
export async function createHelperContainer(
  { docker }: Connection,
  image: Digest,
  volume: string,
): Promise<Dockerode.Container> {
  let folders: readonly string[] = hostFolders;
  for (;;) {
    try {
      return await docker.createContainer(helperContainer(image, volume, folders));
    } catch (error) {
      const missing = missingFolder(engineReason(error), folders);
      if (missing === undefined) throw error;
      folders = folders.filter((folder) => folder !== missing);
    }
  }
}

/** Which of `folders` the engine's host lacks, according to its answer; it names the first only. */
export function missingFolder(reason: string, folders: readonly string[]): string | undefined {
  const named = /bind source path does not exist: (\S+)/.exec(reason)?.[1];
  return folders.find((folder) => folder === named);
}

function helperContainer(
  image: Digest,
  volume: string,
  folders: readonly string[],
): Dockerode.ContainerCreateOptions {
  return {
    Image: image,
    Labels: { [helperLabel]: '' },
    Entrypoint: ['/bin/sh'],
    Cmd: [],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'],
    // Its input ends with our connection, the shell with its input, and the container with the shell.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      AutoRemove: true,
      Privileged: true,
      PidMode: 'host',
      // Where the engine maps users, only containers outside of that may be privileged; elsewhere it says nothing new.
      UsernsMode: 'host',
      NetworkMode: 'none',
      Init: false,
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [
        ...folders.map((folder) => ({
          Type: 'bind' as const,
          Source: folder,
          Target: folder,
          ReadOnly: true,
        })),
        { Type: 'volume', Source: volume, Target: volumeFolder, VolumeOptions: volumeOptions },
      ],
    },
  };
}

// The driver's name and options are those of an engine that is told none.
const volumeOptions = {
  NoCopy: true,
  Labels: { 'dev.drayage.volume': 'packs' },
  DriverConfig: { Name: '', Options: {} },
};
