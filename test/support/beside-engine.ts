import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { isObject } from '@drayage/core';

import { ownBridgePrefix } from './bridge.ts';
import { dray } from './dray.ts';
import type { Finished } from './processes.ts';
import { listProcesses } from './process-table.ts';
import type { EngineReport } from './private-engine.ts';
import { waitUntil } from './wait.ts';

/** Commands about an engine beside the one at `host`, and what is on the machine because of it. */
export interface BesideEngine {
  /** Runs `dray engine COMMAND --reach api`, whatever the exit code. */
  engine(command: 'start' | 'stop' | 'status', args?: readonly string[]): Promise<Finished>;
  /** The same with `--json`. Throws unless it exits with 0. */
  json(command: 'start' | 'stop' | 'status', args?: readonly string[]): Promise<EngineReport>;
  /** What the command needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly bridge: string;
  relayPid(): number;
  /** Processes, folders, control groups and interfaces; one line each. */
  holdings(): readonly string[];
}

/** `volume`: the folder of the volume with packs; `folder`: for relays. */
export function besideEngine(host: string, volume: string, folder: string): BesideEngine {
  const env = { TMPDIR: folder };
  const bridge = `${ownBridgePrefix}99`;
  const ids = new Set<string>();
  const remember = (): void => {
    for (const name of namesIn(volume)) if (name.startsWith('engine-')) ids.add(name.slice('engine-'.length));
  };
  const engine: BesideEngine['engine'] = async (command, args = []) => {
    const flags = command === 'start' ? ['--bridge', bridge] : [];
    const done = await dray(['engine', command, '--reach', 'api', ...flags, ...args], { host, env });
    remember();
    return done;
  };
  const relays = (): ReturnType<typeof listProcesses> =>
    listProcesses().filter(
      ({ commandLine, pid }) => commandLine.includes('--relay-of-an-engine') && tmpdirOf(pid) === folder,
    );
  return {
    env,
    bridge,
    engine,
    async json(command, args = []) {
      const done = await engine(command, [...args, '--json']);
      const value: unknown = done.exitCode === 0 ? JSON.parse(done.stdout) : undefined;
      if (isObject(value)) return value;
      throw new Error(`cannot read a report (exit ${String(done.exitCode)}):\n${done.stdout}${done.stderr}`);
    },
    relayPid: () => relays()[0]?.pid ?? -1,
    holdings() {
      remember();
      return [
        ...relays().map(({ pid }) => `relay ${String(pid)}`),
        ...relayFolders(folder).map((path) => `folder ${path}`),
        ...namesIn(volume).filter((name) => name.startsWith('engine-')),
        ...[...ids].flatMap((id) => tracesOf(id)),
        ...namesIn('/sys/class/net').filter((name) => name === bridge),
        ...loopDevices(volume),
      ];
    },
  };
}

/** Throws with a list unless nothing of it is on the machine any more. */
export async function expectNothingBeside(beside: BesideEngine): Promise<void> {
  try {
    await waitUntil(() => beside.holdings().length === 0, 'nothing is left');
  } catch (cause) {
    throw new Error(`cannot call it clean: left behind are\n${beside.holdings().join('\n')}`, { cause });
  }
}

function tracesOf(id: string): string[] {
  return [
    ...listProcesses()
      .filter(({ commandLine }) => commandLine.includes(`/run/drayage/${id}/`))
      .map(({ pid, commandLine }) => `process ${String(pid)}: ${commandLine}`),
    ...namesIn('/run/drayage')
      .filter((name) => name === id)
      .map((name) => `directory /run/drayage/${name}`),
    ...namesIn('/sys/fs/cgroup').flatMap((hierarchy) =>
      namesIn(`/sys/fs/cgroup/${hierarchy}/drayage`)
        .filter((name) => name === id)
        .map((name) => `control group ${hierarchy}/drayage/${name}`),
    ),
  ];
}

function relayFolders(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.startsWith('drayage-beside-'))
    .flatMap((name) => namesIn(join(folder, name)).map((inner) => join(name, inner)));
}

function loopDevices(volume: string): string[] {
  return namesIn('/sys/block').flatMap((name) => {
    const file = textOf(`/sys/block/${name}/loop/backing_file`).trim();
    return file.startsWith(`${volume}/`) ? [`loop device ${name}: ${basename(file)}`] : [];
  });
}

function tmpdirOf(pid: number): string | undefined {
  const words = textOf(`/proc/${String(pid)}/environ`).split('\0');
  return words.find((word) => word.startsWith('TMPDIR='))?.slice('TMPDIR='.length);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
