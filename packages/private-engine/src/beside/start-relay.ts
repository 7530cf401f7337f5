import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { abortError, DrayError, throwIfAborted } from '@drayage/core';
import type { MountContent } from '@drayage/core/bundle';
import type { Environment } from '@drayage/host';
import { classicLayout } from '../classic/layout.ts';
import { layoutTar } from '../classic/layout-tar.ts';
import type { PrivateEngineOptions, UnmountedImage } from '../engine/options.ts';
import { besideMountPoint } from './far-engine.ts';
import { relayPlaces, takeRelayFolder, type RelayPlaces } from './relay-record.ts';
import {
  isRelayMessage,
  receivedError,
  type BesideEngine,
  type BesideRequest,
  type RelayMessage,
} from './request.ts';
import { besideUnavailable } from './unavailable.ts';

export interface BesideOptions extends Pick<
  PrivateEngineOptions,
  'env' | 'bridge' | 'registryMirrors' | 'insecureRegistries' | 'content' | 'timeoutMs' | 'onEvent' | 'signal'
> {
  /** The address of the engine beside which another one is started. */
  readonly location: string;
  /** The command line of a relay process, which calls `runRelay`. */
  readonly relayCommand: readonly string[];
}

export interface StartedBeside extends BesideEngine {
  /** Requested images that cannot be mounted. */
  readonly unmounted: readonly UnmountedImage[];
}

const defaultTimeoutMs = 60_000;

/**
 * Starts an engine beside one that only its Docker API reaches, with packs mounted, and a process on this
 * machine that relays to it. Both keep running when this process ends.
 * @throws DrayError `ENGINE_LOCKED` if this user has one there already; `MOUNT_UNAVAILABLE` with the reason;
 * `ENGINE_START_FAILED`, `ENGINE_HELPER_FAILED`, `DISK_FULL`, `STORE_IO`, `ABORTED` and errors of packs
 */
export async function startBesideEngine(options: BesideOptions): Promise<StartedBeside> {
  const { location, signal } = options;
  throwIfAborted(signal, `start an engine beside ${location}`);
  const places = relayPlaces(location);
  const holder = await takeRelayFolder(places);
  if (holder !== undefined) throw locked(location, holder, places.socket);
  try {
    const id = randomBytes(6).toString('hex');
    const { request, unmounted } = await makeRequest(options, places, id);
    return { ...(await startRelay(options, places, request)), unmounted };
  } catch (error) {
    await rm(places.folder, { recursive: true, force: true });
    throw error;
  }
}

function locked(location: string, pid: number, socket: string): DrayError {
  return new DrayError(
    'ENGINE_LOCKED',
    `cannot start an engine beside ${location}: there is one already, behind process ${String(pid)}, socket ${socket}`,
    { hint: 'Use it as DOCKER_HOST, or end it with "dray engine stop --reach api".' },
  );
}

async function makeRequest(
  options: BesideOptions,
  { folder, layout }: RelayPlaces,
  id: string,
): Promise<{ readonly request: BesideRequest; readonly unmounted: readonly UnmountedImage[] }> {
  const { location, content, bridge, registryMirrors = [], insecureRegistries = [] } = options;
  const { timeoutMs = defaultTimeoutMs } = options;
  const base = { id, location, folder, bridge, registryMirrors, insecureRegistries, timeoutMs };
  if (content === undefined) return { request: { ...base, packs: [], layout: undefined }, unmounted: [] };
  const unmounted = await writeLayoutTar(layout, id, content);
  return { request: { ...base, packs: content.packs, layout }, unmounted };
}

async function writeLayoutTar(
  file: string,
  id: string,
  { images, packs, openBlob }: MountContent,
): Promise<readonly UnmountedImage[]> {
  const layout = classicLayout({
    ...{ driver: 'overlay2', images, packs },
    mountPoint: (pack) => besideMountPoint(id, packs.indexOf(pack)),
  });
  await pipeline(layoutTar(layout.entries, openBlob), createWriteStream(file, { mode: 0o600 }));
  return layout.refused;
}

async function startRelay(
  options: BesideOptions,
  places: RelayPlaces,
  request: BesideRequest,
): Promise<BesideEngine> {
  const { relayCommand, env, location, signal } = options;
  const log = await open(places.log, 'a', 0o600);
  const [program = process.execPath, ...args] = relayCommand;
  const child = spawn(program, args, {
    // A session of its own, so that it outlives the step that starts it.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    serialization: 'advanced',
    env: definedOnly(env),
  });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const ready = firstAnswer(child, options, places);
    child.send(request);
    return await ready;
  } catch (error) {
    stop();
    await ended(child);
    if (signal?.aborted === true) throw abortError(signal, `start an engine beside ${location}`);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    child.unref();
    await log.close();
  }
}

function firstAnswer(
  child: ChildProcess,
  { location, onEvent }: BesideOptions,
  { log }: RelayPlaces,
): Promise<BesideEngine> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(besideUnavailable(location, 'its relay does not start', cause)));
    child.once('exit', () => {
      void readFile(log, 'utf8')
        .catch(() => '')
        .then((text) =>
          reject(besideUnavailable(location, `its relay has ended (${text.trim().slice(-300)})`)),
        );
    });
    child.on('message', (message: unknown) => {
      if (!isRelayMessage(message)) return;
      take(message, { resolve, reject, onEvent });
    });
  });
}

function take(
  message: RelayMessage,
  to: {
    readonly resolve: (engine: BesideEngine) => void;
    readonly reject: (error: unknown) => void;
    readonly onEvent: BesideOptions['onEvent'];
  },
): void {
  switch (message.type) {
    case 'event':
      to.onEvent?.(message.event);
      return;
    case 'ready':
      to.resolve(message.engine);
      return;
    case 'failed':
      to.reject(receivedError(message.error));
  }
}

/** Resolves when the relay has cleaned up. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function definedOnly(env: Environment): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}
