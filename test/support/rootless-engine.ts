import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { getFromEngine, isAnswering } from './engine-http.ts';
import { enginePath, type EngineVariant } from './engine-programs.ts';
import { makeFolder, removeFolder } from './folders.ts';
import { mountTmpfs } from './mounts.ts';
import { endProcessesNaming } from './process-table.ts';
import { runOrThrow, start, type Finished } from './processes.ts';
import { nobodyId } from './unprivileged.ts';
import { waitUntil } from './wait.ts';

const user = 'drayage-test';

/**
 * A real engine of an ordinary user, in the user namespace that rootlesskit makes; its containers need
 * `--network none`.
 */
export interface RootlessEngine {
  readonly host: string;
  readonly socketPath: string;
  /** A folder of the test, on a tmpfs, that everybody may enter. */
  readonly folder: string;
  /** The answer to `GET /info`. */
  info(): Promise<string>;
  /** Runs a docker command with this engine. Throws when it fails. */
  docker(args: readonly string[]): Promise<Finished>;
  stop(): Promise<void>;
}

/** What `startRootlessEngine` needs beside an engine. */
export const rootlessPrograms: readonly string[] = [
  'rootlesskit',
  'newuidmap',
  'newgidmap',
  'slirp4netns',
  'setpriv',
  'unshare',
];

/** Starts an engine as a user that only it can see: this machine's lists of users are not touched. */
export async function startRootlessEngine({ name, imageStore }: EngineVariant): Promise<RootlessEngine> {
  const folder = makeFolder();
  try {
    await mountTmpfs(folder);
    const socketPath = join(folder, 'run/docker.sock');
    writeFiles(folder, imageStore);
    const daemon = start('unshare', ['-m', '--propagation', 'slave', 'sh', join(folder, 'outer.sh')], {
      env: {
        PATH: await visiblePath(folder, name),
        HOME: join(folder, 'home'),
        XDG_RUNTIME_DIR: join(folder, 'run'),
      },
    });
    await Promise.race([
      waitUntil(() => isAnswering(socketPath), 'a rootless engine answers'),
      daemon.finished.then(({ stderr }) => {
        throw new Error(`cannot start a rootless engine: it has ended\n${stderr}`);
      }),
    ]);
    const env = {
      DOCKER_HOST: `unix://${socketPath}`,
      DOCKER_CONFIG: '/nonexistent',
      PATH: enginePath(name),
    };
    return {
      ...{ host: env.DOCKER_HOST, socketPath, folder },
      info: () => getFromEngine(socketPath, '/info'),
      docker: (args) => runOrThrow('docker', args, { env }),
      async stop() {
        await end(folder);
      },
    };
  } catch (error) {
    await end(folder);
    throw error;
  }
}

async function end(folder: string): Promise<void> {
  await endProcessesNaming(folder);
  await removeFolder(folder);
}

/** Bind-mounts the engine's programs into `folder`: an ordinary user cannot read their own folder. */
async function visiblePath(folder: string, name: EngineVariant['name']): Promise<string> {
  const [programs = ''] = enginePath(name).split(':');
  const place = join(folder, 'engine');
  mkdirSync(place);
  await runOrThrow('mount', ['--bind', dirname(programs), place]);
  return [join(place, 'bin'), join(place, 'sbin'), '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':');
}

function writeFiles(folder: string, imageStore: EngineVariant['imageStore']): void {
  chmodSync(folder, 0o711);
  const id = String(nobodyId);
  for (const name of ['home', 'run']) {
    mkdirSync(join(folder, name), { mode: 0o700 });
    chownSync(join(folder, name), nobodyId, nobodyId);
  }
  const line = `${user}:x:${id}:${id}::${folder}/home:/bin/sh\n`;
  writeFileSync(join(folder, 'passwd'), readFileSync('/etc/passwd', 'utf8') + line);
  writeFileSync(join(folder, 'group'), `${readFileSync('/etc/group', 'utf8')}${user}:x:${id}:\n`);
  for (const name of ['subuid', 'subgid']) writeFileSync(join(folder, name), `${user}:300000:65536\n`);
  const features = { 'containerd-snapshotter': imageStore === 'containerd' };
  writeFileSync(
    join(folder, 'daemon.json'),
    JSON.stringify({ features, iptables: false, ip6tables: false, bridge: 'none' }),
  );
  writeFileSync(join(folder, 'outer.sh'), outerScript(folder));
  writeFileSync(join(folder, 'inner.sh'), innerScript(folder));
}

/**
 * As root, in a separate mount namespace. The device has the mode that a distribution's udev rules set.
 */
function outerScript(folder: string): string {
  const id = String(nobodyId);
  return `set -e
for name in passwd group subuid subgid; do
  mount --bind "${folder}/$name" "/etc/$name"
done
mknod -m 0666 "${folder}/tun" c 10 200
mount --bind "${folder}/tun" /dev/net/tun
exec setpriv --reuid ${id} --regid ${id} --clear-groups \\
  rootlesskit --state-dir "${folder}/run/rootlesskit" --net slirp4netns --disable-host-loopback \\
  --copy-up /etc --copy-up /run sh "${folder}/inner.sh"
`;
}

/**
 * As root of the user namespace. The links that `--copy-up` made to the engine of the machine are not ours.
 */
function innerScript(folder: string): string {
  return `rm -f /run/docker /run/containerd /run/xtables.lock
exec dockerd --rootless --config-file "${folder}/daemon.json" --data-root "${folder}/home/data" \\
  --exec-root "${folder}/run/docker" --pidfile "${folder}/run/docker.pid" --host "unix://${folder}/run/docker.sock"
`;
}
