import { enginePaths, writeEngineConfig, type AddressPool, type EnginePaths } from './engine-config.ts';
import { getFromEngine, isAnswering } from './engine-http.ts';
import { enginePath, engineRelease, type EngineName, type ImageStore } from './engine-programs.ts';
import { startOwnContainerd } from './own-containerd.ts';
import { run, runOrThrow, start, type Finished, type Running, type StartOptions } from './processes.ts';
import { endProcessesNaming } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** After that an engine does not end by itself any more. */
const STOP_TIMEOUT_MS = 60_000;

/** A running engine whose every file is below one folder. */
export interface EngineInFolder {
  /** `unix:///…`, as DOCKER_HOST wants it. */
  readonly host: string;
  readonly socketPath: string;
  readonly pid: number;
  /** As the engine itself tells it. */
  readonly version: string;
  readonly imageStore: ImageStore;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** What a docker client of this engine, or the command under test, needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs this engine's docker command with an empty client configuration. Throws when it fails. */
  docker(args: readonly string[], options?: StartOptions): Promise<Finished>;
  /** The same, but whatever the exit code. */
  tryDocker(args: readonly string[], options?: StartOptions): Promise<Finished>;
  /** What dockerd and its containerd have logged so far. */
  log(): string;
}

/** What an engine is started with. */
export interface EngineStart {
  readonly name: EngineName;
  readonly imageStore: ImageStore;
  readonly bridge: string;
  readonly registryMirrors?: readonly string[] | undefined;
  readonly insecureRegistries?: readonly string[] | undefined;
  readonly addressPool?: AddressPool | undefined;
}

/** Starts an engine in a folder; `end` ends dockerd and lets it end its containers first. */
export async function engineInFolder(
  folder: string,
  options: EngineStart,
): Promise<{ engine: EngineInFolder; end: () => Promise<void> }> {
  const places = enginePaths(folder);
  const { imageStore, bridge, registryMirrors = [], insecureRegistries = [], addressPool } = options;
  const release = await engineRelease(options.name);
  const env = { ...clientEnvironment(places), PATH: enginePath(options.name) };
  const own = await startOwnContainerd(places, env);
  const containerd = own?.address;
  const settings = { imageStore, bridge, release, registryMirrors, insecureRegistries, addressPool };
  writeEngineConfig(places, { ...settings, containerd });
  const daemon = start('dockerd', ['--config-file', places.config], { env });
  await answering(daemon, places.socket);
  const engine: EngineInFolder = {
    host: env.DOCKER_HOST,
    socketPath: places.socket,
    pid: daemon.pid,
    version: await engineVersion(places.socket),
    imageStore,
    dataRoot: places.dataRoot,
    execRoot: places.execRoot,
    env: clientEnvironment(places),
    docker: (args, more) => runOrThrow('docker', args, { ...more, env: { ...env, ...more?.env } }),
    tryDocker: (args, more) => run('docker', args, { ...more, env: { ...env, ...more?.env } }),
    log: () => daemon.output.stderr,
  };
  const end = async (): Promise<void> => {
    await endContainers(env);
    await endDaemon(daemon, folder);
    await own?.end();
  };
  return { engine, end };
}

/** Variables that would lead the client elsewhere are emptied. */
function clientEnvironment({
  socket,
  clientConfig,
}: EnginePaths): Record<'DOCKER_HOST' | 'DOCKER_CONFIG', string> {
  const elsewhere = { DOCKER_CONTEXT: '', DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '' };
  return { ...elsewhere, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: clientConfig };
}

async function answering(daemon: Running, socket: string): Promise<void> {
  const endedEarly = daemon.finished.then(() => {
    throw new Error('it ended');
  });
  const answers = waitUntil(() => isAnswering(socket), 'the engine answers');
  try {
    await Promise.race([answers, endedEarly]);
  } catch (error) {
    throw new Error(`cannot start an engine: its log says\n${daemon.output.stdout}${daemon.output.stderr}`, {
      cause: error,
    });
  } finally {
    endedEarly.catch(() => undefined);
    answers.catch(() => undefined);
  }
}

async function engineVersion(socket: string): Promise<string> {
  const answer: unknown = JSON.parse(await getFromEngine(socket, '/version'));
  const version =
    typeof answer === 'object' && answer !== null && 'Version' in answer ? answer.Version : undefined;
  return String(version);
}

/** Otherwise dockerd would give each of them ten seconds to end. */
async function endContainers(env: Readonly<Record<string, string>>): Promise<void> {
  const { stdout } = await run('docker', ['ps', '--quiet'], { env });
  const ids = stdout.split('\n').filter((id) => id !== '');
  if (ids.length > 0) await run('docker', ['kill', ...ids], { env });
}

async function endDaemon(daemon: Running, folder: string): Promise<void> {
  const tooLate = setTimeout(() => void endProcessesNaming(folder), STOP_TIMEOUT_MS);
  await daemon.kill();
  clearTimeout(tooLate);
}
