import { enginePath, type EngineVariant } from '../engine-programs.ts';
import type { TestEngine } from '../engines.ts';
import { makeFolder, removeFolder } from '../folders.ts';
import { jobContainerFlags, pathInJobContainer, type Privileges } from '../job-container.ts';
import { start } from '../processes.ts';
import { homeWithin, lastingScript, makeMachineFolders, type Machine } from './machine.ts';

/** Where and how a container runs the steps of a job. */
export interface ContainerOptions {
  readonly engine: TestEngine;
  readonly variant: EngineVariant;
  readonly privileges?: Privileges;
  /** `UID:GID`; default: root. */
  readonly user?: string;
  /** Folders that are visible in it. */
  readonly visible?: readonly string[];
}

/**
 * A machine that is a container of the image that `buildJobImage` makes: like the docker executor of
 * CircleCI.
 */
export async function startContainerMachine(options: ContainerOptions): Promise<Machine> {
  const { engine, variant, privileges = 'none', user = '0:0', visible = [] } = options;
  const folder = makeFolder();
  const { tmp, exchange } = makeMachineFolders(folder);
  const volumes = [
    `${tmp}:/tmp`,
    '/usr/bin/bash:/bin/bash:ro',
    ...[exchange, ...visible].map((path) => `${path}:${path}`),
  ];
  const flags = jobContainerFlags(engine, { privileges, volumes });
  const network = ['--network', 'host'];
  const args = ['run', '--detach', '--rm', ...network, ...flags, 'job', 'sh', '-c', lastingScript];
  const started = await engine.tryDocker(args);
  if (started.exitCode !== 0) {
    await removeFolder(folder);
    throw new Error(`cannot start a job container: ${started.stderr}`);
  }
  const name = started.stdout.trim();
  if (privileges === 'privileged') await engine.docker(['exec', name, 'mount', '-o', 'remount,rw', '/sys']);
  return {
    exchange,
    env: { PATH: pathInJobContainer(), HOME: homeWithin, USER: 'circleci' },
    start(command, { env, cwd }) {
      const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
      const client = { ...engine.env, PATH: enginePath(variant.name) };
      return start('docker', ['exec', '--user', user, '--workdir', cwd, ...variables, name, ...command], {
        env: client,
      });
    },
    async destroy() {
      await engine.tryDocker(['kill', name]);
      await removeFolder(folder);
    },
  };
}
