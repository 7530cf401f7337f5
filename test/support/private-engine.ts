import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { isObject } from '@drayage/core';

import { makeBridge } from './bridge.ts';
import { dray, startDray } from './dray.ts';
import { enginePath, type EngineName, type EngineVariant } from './engine-programs.ts';
import { makeFolder, removeFolder } from './folders.ts';
import { mountTmpfs } from './mounts.ts';
import { run, runOrThrow, type Finished, type Running } from './processes.ts';
import { listProcesses } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** A data-root for private engines, on a tmpfs, and how to ask `dray` and `docker` about it. */
export interface PrivateDataRoot {
  readonly path: string;
  /** Runs `dray engine COMMAND` with it, whatever the exit code. */
  engine(command: 'start' | 'stop' | 'status', args?: readonly string[]): Promise<Finished>;
  /** The same with `--json`. Throws unless it exits with 0. */
  json(command: 'start' | 'stop' | 'status', args?: readonly string[]): Promise<EngineReport>;
  /** Starts `dray engine start` without waiting. */
  starting(args?: readonly string[]): Running;
  /** Starts `dray engine stop` without waiting. */
  stopping(): Running;
  /** Runs the docker command with the engine that runs on it. Throws when it fails. */
  docker(...args: readonly string[]): Promise<string>;
  tryDocker(...args: readonly string[]): Promise<Finished>;
  /**
   * Builds with BuildKit, which the docker command of engine 20.10 knows without a plug-in. Throws when it
   * fails.
   */
  buildWithBuildKit(context: string, tag: string): Promise<void>;
  /** The document beside the lock; throws if it does not exist. */
  owner(): { readonly pid: number; readonly runDir: string };
  /**
   * What is on the machine because of it: processes, mounts, loop devices, sockets, control groups, bridges;
   * one line each.
   */
  holdings(): readonly string[];
  /** Ends everything and removes it. */
  remove(): Promise<void>;
}

/** The parts of what `--json` prints that tests look at. */
export interface EngineReport {
  readonly dockerHost?: string;
  readonly pid?: number;
  readonly version?: string;
  readonly state?: string;
  readonly outcome?: string;
  readonly images?: readonly { readonly reference: string; readonly delivery: string }[];
  readonly storage?: { readonly backend: string; readonly reason: string };
}

type Variables = Readonly<Record<string, string>>;

/** Makes a fresh one for engines of a variant. `more`: more variables for `dray`. */
export async function makeDataRoot(variant: EngineVariant, more: Variables = {}): Promise<PrivateDataRoot> {
  const folder = makeFolder();
  await mountTmpfs(folder);
  const path = join(folder, 'root');
  const bridge = await makeBridge();
  const env = { ...privateEngineEnv(variant.name), ...more };
  const forStart = ['--image-store', variant.imageStore, '--bridge', bridge.name];
  const flags = (command: string): string[] =>
    command === 'start' ? ['--data-root', path, ...forStart] : ['--data-root', path];
  const runDirs = new Set<string>();
  const engine: PrivateDataRoot['engine'] = async (command, args = []) => {
    remember();
    const done = await dray(['engine', command, ...flags(command), ...args], { env, cwd: folder });
    remember();
    return done;
  };
  const owner = (): ReturnType<PrivateDataRoot['owner']> => readOwnerFile(path);
  const remember = (): void => {
    try {
      runDirs.add(owner().runDir);
    } catch {
      // None runs.
    }
  };
  const clientEnv = (): Record<string, string> => ({
    DOCKER_HOST: `unix://${owner().runDir}/docker.sock`,
    DOCKER_CONFIG: join(folder, 'client'),
  });
  const tryDocker = (...args: readonly string[]): Promise<Finished> =>
    run('docker', args, { env: { ...env, ...clientEnv() } });
  mkdirSync(join(folder, 'client'));
  return {
    path,
    engine,
    owner,
    tryDocker,
    async json(command, args = []) {
      return reportIn(await engine(command, [...args, '--json']));
    },
    starting: (args = []) =>
      startDray(['engine', 'start', ...flags('start'), ...args, '--json'], { env, cwd: folder }),
    stopping: () => startDray(['engine', 'stop', ...flags('stop')], { env, cwd: folder }),
    async docker(...args) {
      const done = await tryDocker(...args);
      if (done.exitCode === 0) return done.stdout.trim();
      throw new Error(`docker ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
    },
    async buildWithBuildKit(context, tag) {
      const buildEnv = { ...env, ...privateEngineEnv('20.10'), ...clientEnv(), DOCKER_BUILDKIT: '1' };
      const args = ['build', '--network', 'none', '--progress', 'plain', '--tag', tag, context];
      await runOrThrow('docker', args, { env: buildEnv });
    },
    holdings: () => holdingsOf(folder, runDirs),
    async remove() {
      remember();
      await dray(['engine', 'stop', '--data-root', path, '--purge'], { env, cwd: folder });
      await removeFolder(folder);
      await bridge.remove();
    },
  };
}

/** What `dray` needs in its environment to start an engine of that version. */
function privateEngineEnv(name: EngineName): Variables {
  return { PATH: enginePath(name) };
}

/** The object that a command printed. Throws with everything printed unless it exited with 0. */
function reportIn({ exitCode, stdout, stderr }: Finished): EngineReport {
  const value: unknown = exitCode === 0 ? JSON.parse(stdout) : undefined;
  if (isObject(value)) return value;
  throw new Error(`cannot read a report (exit ${String(exitCode)}):\n${stdout}${stderr}`);
}

/** The error code that a command printed with `--json`, or undefined. */
export function errorCodeIn({ stdout }: Finished): unknown {
  const value: unknown = stdout.trim() === '' ? undefined : JSON.parse(stdout);
  const error = isObject(value) ? value['error'] : undefined;
  return isObject(error) ? error['code'] : undefined;
}

/** Kills processes at once and waits until they are gone. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await waitUntil(() => !listProcesses().some(({ pid }) => pids.includes(pid)), 'they are gone');
}

/** The processes that an engine has started, itself first. */
export function processesOf({ pid, runDir }: ReturnType<PrivateDataRoot['owner']>): number[] {
  const named = listProcesses().filter(({ commandLine }) => commandLine.includes(`${runDir}/`));
  return [pid, ...named.map((entry) => entry.pid).filter((other) => other !== pid)];
}

/** Throws with a list unless nothing of a data-root is on the machine any more. */
export async function expectNothingOf(root: PrivateDataRoot): Promise<void> {
  try {
    await waitUntil(() => root.holdings().length === 0, 'nothing is left');
  } catch (cause) {
    throw new Error(`cannot call it clean: left behind are\n${root.holdings().join('\n')}`, { cause });
  }
}

function readOwnerFile(path: string): ReturnType<PrivateDataRoot['owner']> {
  const value: unknown = JSON.parse(readFileSync(join(path, '.drayage/owner.json'), 'utf8'));
  if (isObject(value) && typeof value['pid'] === 'number' && typeof value['runDir'] === 'string')
    return { pid: value['pid'], runDir: value['runDir'] };
  throw new Error(`cannot read who uses ${path}`);
}

function holdingsOf(folder: string, runDirs: ReadonlySet<string>): readonly string[] {
  const processes = listProcesses().filter(({ commandLine }) =>
    [...runDirs].some((runDir) => commandLine.includes(`${runDir}/`)),
  );
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${folder}/`) || [...runDirs].some((runDir) => line.includes(runDir)));
  const ids = [...runDirs].map((runDir) => basename(runDir));
  return [
    ...processes.map(({ pid, commandLine }) => `process ${String(pid)}: ${commandLine}`),
    ...mounts.map((line) => `mount ${line}`),
    ...loopDevices(folder),
    ...[...runDirs].flatMap((runDir) =>
      namesIn(dirname(runDir)).includes(basename(runDir)) ? [`directory ${runDir}`] : [],
    ),
    ...liveFolders(folder),
    ...namesIn('/sys/fs/cgroup').flatMap((hierarchy) =>
      namesIn(`/sys/fs/cgroup/${hierarchy}/drayage`)
        .filter((id) => ids.includes(id))
        .map((id) => `control group ${hierarchy}/drayage/${id}`),
    ),
    ...namesIn('/sys/class/net')
      .filter((name) => /^dray\d+$/.test(name))
      .map((name) => `network interface ${name}`),
  ];
}

/** The folders of mounted packs whose note names a snapshot directory in `folder`. */
function liveFolders(folder: string): string[] {
  const live = '/run/drayage/live';
  return namesIn(live)
    .map((name) => join(live, name))
    .filter((path) => {
      const note = join(path, '.snapshots');
      return existsSync(note) && readFileSync(note, 'utf8').includes(` ${folder}/`);
    })
    .map((path) => `folder of packs ${path}`);
}

function loopDevices(folder: string): string[] {
  return namesIn('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      try {
        const file = readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim();
        return file.startsWith(`${folder}/`) ? [`loop device ${name}: ${file}`] : [];
      } catch {
        return [];
      }
    });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Fills a folder with a bundle of packs, as a user would. */
export async function prepullPacks(bundle: string, ...images: readonly string[]): Promise<void> {
  const done = await dray(['prepull', ...images, '--bundle', bundle, '--form', 'packs']);
  if (done.exitCode !== 0) throw new Error(`cannot pre-pull packs:\n${done.stderr}`);
}
