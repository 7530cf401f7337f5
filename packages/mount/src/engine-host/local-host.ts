import { connect, type Socket } from 'node:net';
import { throwIfAborted, type EngineInfo } from '@drayage/core';
import { holdPack, type PackTrust } from '../pack-files/hold-pack.ts';
import { canCompareInodes } from '../pack-files/same-file.ts';
import { findLocalEngine, type LocalEngine } from './local-engine.ts';
import { runProgram, whyNoMounts } from '@drayage/host';
import type { EngineHost } from './engine-host.ts';
import type { PlacedFile } from '../pack-files/placed-file.ts';
import { mountUnavailable, requireStarted } from './unavailable.ts';

export interface LocalEngineHostOptions {
  /** The engine's description of itself. */
  readonly info: EngineInfo;
  /** Path of containerd's socket in the engine's mount namespace, for engines that do not report it. */
  readonly containerdAddress?: string | undefined;
  /** Which users may be able to write to pack files. Default: only root. */
  readonly trust?: PackTrust | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates the engine host of an engine on this machine. Runs commands as root, in the engine's mount
 * namespace.
 * @throws DrayError `MOUNT_UNAVAILABLE` with the reason (not root, no CAP_SYS_ADMIN, an engine or containerd
 * elsewhere)
 */
export async function createLocalEngineHost(options: LocalEngineHostOptions): Promise<EngineHost> {
  const { info, containerdAddress, trust, signal } = options;
  throwIfAborted(signal, `mount into engine at ${info.location}`);
  const reason = await whyNoMounts();
  if (reason !== undefined) throw mountUnavailable(info.location, reason);
  const engine = await findLocalEngine(info, containerdAddress);
  const run: EngineHost['run'] = async (argv, more) =>
    requireStarted(await runProgram([...entering(engine), ...argv], more), argv, info.location);
  let isInodeCompared: Promise<boolean> | undefined;
  return {
    kind: 'local',
    sharesMounts: engine.enter === undefined,
    containerdSocket: engine.containerdSocket,
    localSocket: engine.localSocket,
    namespace: info.containerd?.namespace,
    run,
    placePack: async ({ pack, file, proven }, placeSignal) => {
      isInodeCompared ??= canCompareInodes(run);
      const held = await holdPack({
        ...{ file, descriptor: pack.image, proven, trust, signal: placeSignal },
        isInodeCompared: await isInodeCompared,
      });
      try {
        if (engine.enter !== undefined) await checkVisible(held, run, info.location);
        return held;
      } catch (error) {
        await held.release();
        throw error;
      }
    },
    connectContainerd: () => connected(engine.localSocket, info.location),
    close: () => Promise.resolve(),
  };
}

function entering({ enter }: LocalEngine): readonly string[] {
  return enter === undefined ? [] : ['nsenter', '-t', String(enter), '-m', '--'];
}

/** Checks that the engine's mount namespace has the same file at that path. */
async function checkVisible(
  { path, identity }: PlacedFile,
  run: EngineHost['run'],
  location: string,
): Promise<void> {
  const there = await run(['stat', '-c', '%d:%i', path]);
  if (there.stdout.trim() === identity) return;
  throw mountUnavailable(location, `its mount namespace does not show ${path}`);
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
