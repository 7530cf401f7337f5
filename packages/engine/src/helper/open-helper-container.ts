import { setTimeout as pause } from 'node:timers/promises';
import { throwIfAborted, type HelperContainer, type HelperRequest } from '@drayage/core';
import type Dockerode from 'dockerode';
import type { Connection } from '../connection.ts';
import { httpStatus } from '../engine-errors.ts';
import { attachedProcess } from './attached-process.ts';
import { importEmptyImage, removeImage } from './empty-image.ts';
import { createHelperContainer, volumeFolder, type HelperRights } from './create-helper-container.ts';
import { helperFailed, helperUnavailable, startFailed } from './helper-errors.ts';
import { openHijacked } from './hijack.ts';
import { sweepHelpers } from './sweep-helpers.ts';
import { uploadFile } from './upload-file.ts';

// A shell ends at once, unless one of its programs is still running.
const endTimeoutMs = 5000;

/**
 * Starts a helper container with the host's own program folders bind-mounted. Its image is empty, made on the
 * spot, and removed before the container starts. See `HelperContainers`. Steps that leave something behind
 * are not interrupted.
 */
export async function openHelperContainer(
  connection: Connection,
  request: HelperRequest,
): Promise<HelperContainer> {
  const { endpoint } = connection;
  const check = (): void => {
    throwIfAborted(request.signal, `start a helper container on ${endpoint.location}`);
  };
  check();
  requireRights(connection);
  const swept = sweepHelpers(connection);
  check();
  try {
    return await openWith('privileged', connection, request.volume, check);
  } catch (error) {
    if (!(error instanceof Error) || !lacksCapability.test(error.message)) throw error;
    return await openWith('each', connection, request.volume, check);
  } finally {
    await swept;
  }
}

/** What runc of an engine says that lacks a capability itself. */
const lacksCapability = /unable to apply caps/;

async function openWith(
  rights: HelperRights,
  connection: Connection,
  volume: string,
  check: () => void,
): Promise<HelperContainer> {
  const container = await createContainer(connection, volume, rights);
  try {
    check();
    return helper(connection, container, await startContainer(connection, container));
  } catch (error) {
    await removeContainer(container);
    throw error;
  }
}

function requireRights({ endpoint, info }: Connection): void {
  if (info.platform.os !== 'linux') throw helperUnavailable(endpoint, `it runs on ${info.platform.os}`);
  if (info.userMapping === 'rootless') {
    throw helperUnavailable(endpoint, 'it runs without root and cannot mount packs');
  }
}

async function createContainer(
  connection: Connection,
  volume: string,
  rights: HelperRights,
): Promise<Dockerode.Container> {
  try {
    const image = await importEmptyImage(connection);
    try {
      return await createHelperContainer(connection, image, volume, rights);
    } finally {
      await removeImage(connection, image);
    }
  } catch (error) {
    throw startFailed(connection.endpoint, error);
  }
}

/** A running helper container. */
interface Started {
  readonly shell: HelperContainer['shell'];
  readonly volumePath: string;
  /** Settles when the container no longer exists. */
  readonly gone: Promise<unknown>;
}

async function startContainer(connection: Connection, container: Dockerode.Container): Promise<Started> {
  const { endpoint } = connection;
  const path = `/containers/${container.id}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
  try {
    const shell = attachedProcess(await openHijacked(connection, path), endpoint);
    const gone = container.wait({ condition: 'removed' });
    gone.catch(() => undefined);
    await container.start();
    const { Mounts } = await container.inspect();
    const volume = Mounts.find(({ Destination }) => Destination === volumeFolder);
    if (volume === undefined) throw new Error('its volume is missing');
    return { shell, gone, volumePath: volume.Source };
  } catch (error) {
    throw startFailed(endpoint, error);
  }
}

function helper(connection: Connection, container: Dockerode.Container, started: Started): HelperContainer {
  const { endpoint } = connection;
  let closing: Promise<void> | undefined;
  return {
    containerId: container.id,
    volumeFolder,
    volumePath: started.volumePath,
    shell: started.shell,
    exec: async (argv, signal) => {
      try {
        const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
        const { id } = await container.exec({ ...attached, Cmd: [...argv] });
        const body = { Detach: false, Tty: false };
        return attachedProcess(
          await openHijacked(connection, `/exec/${id}/start`, { body, signal }),
          endpoint,
        );
      } catch (error) {
        throwIfAborted(signal, `run ${argv[0] ?? ''} in the helper container on ${endpoint.location}`);
        throw helperFailed(`run ${argv[0] ?? ''} in`, endpoint, error);
      }
    },
    upload: (file, signal) =>
      uploadFile(connection, { containerId: container.id, folder: volumeFolder }, file, signal),
    close: () => (closing ??= closeHelper(connection, container, started)),
  };
}

async function closeHelper(
  { endpoint }: Connection,
  container: Dockerode.Container,
  { shell, gone }: Started,
): Promise<void> {
  const given = new AbortController();
  shell.stdin.end();
  try {
    const late = pause(endTimeoutMs, 'late', { signal: given.signal });
    late.catch(() => undefined);
    if ((await Promise.race([gone, late])) !== 'late') return;
    await container.remove({ force: true });
  } catch (error) {
    // Otherwise the container or the engine is gone already.
    if (httpStatus(error) !== undefined && ![404, 409].includes(httpStatus(error) ?? 0)) {
      throw helperFailed('remove', endpoint, error);
    }
  } finally {
    given.abort();
    shell.stdin.destroy();
  }
}

async function removeContainer(container: Dockerode.Container): Promise<void> {
  await container.remove({ force: true }).catch(() => undefined);
}
