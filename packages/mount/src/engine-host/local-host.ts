import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { throwIfAborted, type EngineInfo, type MountablePack } from '@drayage/core';
import { findLocalEngine, type LocalEngine } from './local-engine.ts';
import { whyNoMounts, runCommand } from '@drayage/host';
import type { EngineHost } from './engine-host.ts';
import { mountUnavailable } from './unavailable.ts';

export interface LocalEngineHostOptions {
  /** As the engine describes itself. */
  readonly info: EngineInfo;
  /** Path of containerd's socket on the engine's side, where the engine does not tell it. */
  readonly containerdAddress?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A helper container on an engine of this machine: as root, with commands run in the engine's mount namespace where that is another one.
 * @throws DrayError `MOUNT_UNAVAILABLE` with the reason (no root, no CAP_SYS_ADMIN, an engine or containerd that is not of this machine)
 */
export async function createLocalEngineHost(options: LocalEngineHostOptions): Promise<EngineHost> {
  const { info, containerdAddress, signal } = options;
  throwIfAborted(signal, `mount into engine at ${info.location}`);
  const reason = await whyNoMounts();
  if (reason !== undefined) throw mountUnavailable(info.location, reason);
  const engine = await findLocalEngine(info, containerdAddress);
  const run: EngineHost['run'] = (argv, more) => runCommand([...entering(engine), ...argv], more);
  return {
    kind: 'local',
    sharesMounts: engine.enter === undefined,
    containerdSocket: engine.containerdSocket,
    localSocket: engine.localSocket,
    namespace: info.containerd?.namespace,
    run,
    placePack: async (pack) => {
      if (engine.enter !== undefined) await checkVisible(pack, run, info.location);
      return pack.file;
    },
    connectContainerd: () => connected(engine.localSocket, info.location),
    close: () => Promise.resolve(),
  };
}

function entering({ enter }: LocalEngine): readonly string[] {
  return enter === undefined ? [] : ['nsenter', '-t', String(enter), '-m', '--'];
}

/** The engine's mount namespace may have another file, or none, at that path. */
async function checkVisible(
  { file }: MountablePack,
  run: EngineHost['run'],
  location: string,
): Promise<void> {
  const { dev, ino } = await stat(file, { bigint: true });
  const there = await run(['stat', '-c', '%d:%i', file]);
  if (there.stdout.trim() === `${String(dev)}:${String(ino)}`) return;
  throw mountUnavailable(location, `its mount namespace does not show ${file}`);
}

function connected(socketPath: string, location: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (cause) => {
      reject(mountUnavailable(location, `its containerd does not answer at ${socketPath}`, { cause }));
    });
  });
}
