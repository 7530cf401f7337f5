import { mkdirSync, readdirSync, writeFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cache } from '../../scripts/setup/places.mjs';
import type { TestEngine } from './engines.ts';
import { makeFolder, removeFolder } from './folders.ts';
import type { Finished } from './processes.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Where programs of this machine are, and what they load; a job container sees them read-only. */
const shared = ['/usr', '/lib', '/lib64', '/sbin', '/etc/alternatives', cache, repository.replace(/\/$/, '')];

/** Builds the image of job containers: only busybox; everything else comes from this machine. */
export async function buildJobImage(engine: TestEngine): Promise<void> {
  const context = makeFolder();
  try {
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    const lines = [
      'FROM scratch',
      'COPY busybox /bin/busybox',
      'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
      'RUN mkdir -p /tmp /var/lib /run /etc /root && rm -rf /lib /sbin',
    ];
    writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
    mkdirSync(join(context, 'none'));
    await engine.docker(['build', '--network', 'none', '--tag', 'job', context]);
  } finally {
    await removeFolder(context);
  }
}

/**
 * The privileges of a job container: all that this machine can give, or docker's default.
 */
export type Privileges = 'privileged' | 'none';

/**
 * Runs a shell script in a job container with an overlay as its root, as on a CI runner. `$dray` runs the
 * command under test.
 */
export async function runJob(
  engine: TestEngine,
  script: string,
  options: {
    readonly privileges?: Privileges;
    readonly name?: string;
    readonly volumes?: readonly string[];
  } = {},
): Promise<Finished> {
  const { privileges = 'privileged', name, volumes = [] } = options;
  return engine.tryDocker([
    'run',
    '--rm',
    '--network',
    'none',
    ...(name === undefined ? [] : ['--name', name]),
    ...jobContainerFlags(engine, { privileges, volumes }),
    '--env',
    `PATH=${pathInJobContainer()}`,
    '--env',
    `dray=${process.execPath} ${join(repository, 'packages/cli/dist/dray.js')}`,
    'job',
    'sh',
    '-c',
    `${privileges === 'privileged' ? 'mount -o remount,rw /sys\n' : ''}${script}`,
  ]);
}

/** The `docker run` options of any job container: its privileges, and what it sees of this machine. */
export function jobContainerFlags(
  engine: TestEngine,
  options: { readonly privileges: Privileges; readonly volumes: readonly string[] },
): string[] {
  const volumes = [...shared.map((path) => `${path}:${path}:ro`), ...options.volumes];
  return [
    ...(options.privileges === 'privileged' ? privilegedFlags(engine) : []),
    ...volumes.flatMap((volume) => ['--volume', volume]),
  ];
}

/** `--privileged` on a machine that lacks CAP_SYS_RESOURCE, which newer engines find out by themselves. */
function privilegedFlags({ version }: TestEngine): string[] {
  const loops = readdirSync('/dev').filter((name) => /^loop\d+$/.test(name));
  return [
    '--cap-add=ALL',
    ...(version.startsWith('20.') ? ['--cap-drop=SYS_RESOURCE'] : []),
    ...['seccomp=unconfined', 'apparmor=unconfined', 'systempaths=unconfined'].flatMap((option) => [
      '--security-opt',
      option,
    ]),
    '--cgroupns=host',
    '--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw',
    '--device-cgroup-rule=a *:* rwm',
    ...['loop-control', ...loops].map((device) => `--device=/dev/${device}`),
  ];
}

/** The PATH in a job container: an engine's programs, then this machine's. */
export function pathInJobContainer(): string {
  const part = join(cache, 'engines/20.10/usr');
  return [
    join(part, 'bin'),
    join(part, 'sbin'),
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ].join(':');
}
