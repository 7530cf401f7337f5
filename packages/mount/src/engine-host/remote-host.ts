import { finished, type Duplex } from 'node:stream';
import {
  throwIfAborted,
  type HelperContainer,
  type HelperContainers,
  type HelperProcess,
} from '@drayage/core';
import { openShellSession, type ShellSession } from '@drayage/host';
import type { EngineHost } from './engine-host.ts';
import { helperFailed } from './remote-errors.ts';
import { placePack, type PackVolume } from './remote-packs.ts';
import { chosenRelay, choosingScript, relayed, type Relay } from './remote-relay.ts';
import { findShim, namingScript, type SeenContainerd } from './remote-shim.ts';
import { mountUnavailable, requireStarted } from './unavailable.ts';

/** The engine's volume that keeps packs for later runs. */
export const packVolumeName = 'drayage-packs';

export interface RemoteEngineHostOptions {
  /** Opens helper containers on the engine. */
  readonly helpers: HelperContainers;
  /** The engine's address for messages, such as `tcp://docker:2375`. */
  readonly location: string;
  readonly signal?: AbortSignal | undefined;
}

/** An engine host that keeps packs in a volume of the engine. */
export interface RemoteEngineHost extends EngineHost {
  readonly kind: 'remote';
  readonly volume: PackVolume;
  /** A process in the namespaces of the engine, in the pid namespace in which commands run. */
  readonly pid: number;
  /** Settles when the connection to the helper container has ended, and so have its programs. */
  readonly ended: Promise<void>;
  /** Starts a program in the mount namespace, beside the commands of `run`. */
  exec(argv: readonly string[], signal?: AbortSignal): Promise<HelperProcess>;
  /**
   * Finds a program that relays to unix sockets, then opens a connection to one at each call. `env`: words
   * for `env`, such as a PATH. The two directions of a connection end independently.
   */
  findRelay(env: readonly string[]): Promise<(socketPath: string) => Promise<Duplex>>;
}

/**
 * Reaches an engine's host through the Docker API alone. A helper container finds the engine's containerd
 * through its own shim, then moves its shell into containerd's mount namespace, where all commands run. Takes
 * about 0.3 s. Packs stay in the volume {@link packVolumeName} for later runs.
 * @throws DrayError `MOUNT_UNAVAILABLE` with the reason, `ENGINE_HELPER_FAILED`, `ENGINE_UNREACHABLE`,
 * `ABORTED`
 */
export async function createRemoteEngineHost(options: RemoteEngineHostOptions): Promise<RemoteEngineHost> {
  const { helpers, location, signal } = options;
  const helper = await helpers.openHelperContainer({ volume: packVolumeName, signal });
  try {
    const session = openShellSession(helper.shell, {
      location,
      lost: (said) => helperFailed(location, said === '' ? 'it has ended' : `it has ended (${said})`),
    });
    const containerd = await enterContainerd(session, helper, location, signal);
    throwIfAborted(signal, `mount into engine at ${location}`);
    return engineHostThrough(helper, session, containerd, location);
  } catch (error) {
    await helper.close().catch(() => undefined);
    throw error;
  }
}

function engineHostThrough(
  helper: HelperContainer,
  session: ShellSession,
  containerd: SeenContainerd,
  location: string,
): RemoteEngineHost {
  const run: EngineHost['run'] = async (argv, more) =>
    requireStarted(await session.run(argv, more), argv, location);
  const volume: PackVolume = { helper, run, path: helper.volumePath, location };
  let relay: Promise<Relay> | undefined;
  return {
    kind: 'remote',
    sharesMounts: false,
    containerdSocket: containerd.address,
    localSocket: undefined,
    namespace: containerd.namespace,
    volume,
    run,
    pid: containerd.pid,
    ended: new Promise((resolve) => {
      finished(helper.shell.stdin, { readable: false }, () => resolve());
    }),
    exec: (argv, signal) => helper.exec([...entering(containerd), ...argv], signal),
    findRelay: async (env) => {
      const chosen = await chooseRelay(session, location, env);
      return async (path) => {
        const argv = [...entering(containerd), ...withEnvironment(env, chosen.argv(path))];
        return relayed(await helper.exec(argv), chosen.name, location, { allowHalfOpen: true });
      };
    },
    placePack: (pack, signal) => placePack(volume, pack, signal),
    connectContainerd: async () =>
      connectBy(await (relay ??= chooseRelay(session, location)), helper, containerd, location),
    close: () => helper.close(),
  };
}

/**
 * Moves the shell into containerd's mount namespace. Tests with a command first, because a failed `exec` ends
 * the shell.
 */
async function enterContainerd(
  session: ShellSession,
  { containerId }: HelperContainer,
  location: string,
  signal: AbortSignal | undefined,
): Promise<SeenContainerd> {
  const { stdout } = await session.run(['sh', '-c', namingScript(containerId)], { signal });
  const containerd = findShim(stdout, containerId);
  if (containerd === undefined) {
    throw mountUnavailable(location, "a container in the engine's pid namespace sees no containerd");
  }
  const tried = await session.run([...entering(containerd), 'test', '-S', containerd.address], { signal });
  if (tried.exitCode !== 0) {
    const said = tried.stderr.trim();
    const reason = said === '' ? `no socket found at ${containerd.address}` : said;
    throw mountUnavailable(location, `cannot enter the mount namespace of its containerd (${reason})`);
  }
  await session.enter(entering(containerd));
  return containerd;
}

function entering({ pid }: SeenContainerd): readonly string[] {
  return ['nsenter', '-t', String(pid), '-m', '--'];
}

function withEnvironment(env: readonly string[], argv: readonly string[]): readonly string[] {
  return env.length === 0 ? argv : ['env', ...env, ...argv];
}

async function chooseRelay(
  session: ShellSession,
  location: string,
  env: readonly string[] = [],
): Promise<Relay> {
  const { stdout } = await session.run(withEnvironment(env, ['sh', '-c', choosingScript()]));
  const relay = chosenRelay(stdout);
  if (relay !== undefined) return relay;
  throw mountUnavailable(location, 'its host has no program to connect to a unix socket', {
    hint: "Install socat (or the docker command, perl or python3) on the engine's side, or use --delivery load.",
  });
}

async function connectBy(
  relay: Relay,
  helper: HelperContainer,
  containerd: SeenContainerd,
  location: string,
): Promise<Duplex> {
  const argv = [...entering(containerd), ...relay.argv(containerd.address)];
  return relayed(await helper.exec(argv), relay.name, location);
}
