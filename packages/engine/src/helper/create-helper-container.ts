import type { Digest } from '@drayage/core';
import type Dockerode from 'dockerode';
import type { Connection } from '../connection.ts';
import { engineReason } from '../engine-errors.ts';
import { helperLabel } from './helper-errors.ts';

/** The directories of programs on a Linux host. Not every host has all of them. */
export const hostFolders = ['/bin', '/sbin', '/usr', '/lib', '/lib64'] as const;

/** The volume's path inside the helper container. */
export const volumeFolder = '/drayage';

/**
 * `privileged`, or `each`: the same rights one by one, without CAP_SYS_RESOURCE. Engines before 22 refuse
 * `--privileged` where they lack a capability themselves.
 */
export type HelperRights = 'privileged' | 'each';

/** Creates the helper container, without any folder that the engine host lacks. Throws dockerode's errors. */
export async function createHelperContainer(
  { docker }: Connection,
  image: Digest,
  volume: string,
  rights: HelperRights,
): Promise<Dockerode.Container> {
  let folders: readonly string[] = hostFolders;
  for (;;) {
    try {
      return await docker.createContainer(helperContainer(image, volume, folders, rights));
    } catch (error) {
      const missing = missingFolder(engineReason(error), folders);
      if (missing === undefined) throw error;
      folders = folders.filter((folder) => folder !== missing);
    }
  }
}

/** The first of `folders` that the engine host lacks, according to the engine's error message. */
export function missingFolder(reason: string, folders: readonly string[]): string | undefined {
  const named = /bind source path does not exist: (\S+)/.exec(reason)?.[1];
  return folders.find((folder) => folder === named);
}

const helperRights = {
  privileged: { Privileged: true },
  each: {
    CapAdd: ['ALL'],
    CapDrop: ['SYS_RESOURCE'],
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
    DeviceCgroupRules: ['a *:* rwm'],
    MaskedPaths: [],
    ReadonlyPaths: [],
  },
} satisfies Readonly<Record<HelperRights, Dockerode.HostConfig>>;

function helperContainer(
  image: Digest,
  volume: string,
  folders: readonly string[],
  rights: HelperRights,
): Dockerode.ContainerCreateOptions {
  return {
    Image: image,
    Labels: { [helperLabel]: '' },
    Entrypoint: ['/bin/sh'],
    Cmd: [],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'],
    // When our connection ends, so do its input, the shell and the container.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      AutoRemove: true,
      ...helperRights[rights],
      PidMode: 'host',
      // Where the engine maps users, only containers outside the mapping may be privileged; elsewhere this is
      // the default.
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

// The engine's defaults for driver name and options.
const volumeOptions = {
  NoCopy: true,
  Labels: { 'dev.drayage.volume': 'packs' },
  DriverConfig: { Name: '', Options: {} },
};
