import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAccessLog, type LoggedRequest } from './access-log.ts';
import { makeFolder, removeFolder } from './folders.ts';
import { cachedPart, programOnPath } from './parts.ts';
import { runOrThrow, start } from './processes.ts';
import type { PushTarget } from './push.ts';
import { waitUntil } from './wait.ts';

/** A real registry on loopback. */
export interface TestRegistry extends PushTarget {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly pid: number;
  /** Where it keeps its blobs, for tests that damage some. */
  readonly dir: string;
  /** Every request it has answered so far, in the order of their end. */
  accessLog(): Promise<readonly LoggedRequest[]>;
  /** The requests it answers while an action runs. */
  requestsDuring(action: () => Promise<unknown>): Promise<readonly LoggedRequest[]>;
  /** Ends it and removes its blobs, unless they are in a folder of the caller. */
  stop(): Promise<void>;
}

/** What can be asked of a test registry. */
export interface RegistryOptions {
  /** Demands these credentials by Basic authentication. */
  readonly htpasswd?: { readonly user: string; readonly password: string };
  /** Keeps the blobs in this folder, which outlives the registry. */
  readonly dir?: string;
  /** Listens there, as a registry that comes back does; default: a free port. */
  readonly port?: number;
}

/** Tells where docker-registry is, or undefined when this machine has none. */
export function registryProgram(): string | undefined {
  const part = cachedPart('registry');
  return part === undefined ? programOnPath('docker-registry') : join(part, 'usr/bin/docker-registry');
}

/** Starts a registry on a free port of loopback. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const program = registryProgram();
  if (program === undefined) throw new Error('cannot start a registry: there is no docker-registry');
  const folder = makeFolder();
  const dir = options.dir ?? join(folder, 'blobs');
  const child = start(program, ['serve', await writeConfig(folder, dir, options)]);
  const [, host = ''] = await child.waitFor(/listening on (127\.0\.0\.1:\d+)/);
  const url = `http://${host}`;
  const accessLog = async (): Promise<readonly LoggedRequest[]> => {
    const marker = await mark(url, () => child.output.stdout);
    return parseAccessLog(child.output.stdout.slice(0, marker)).filter(
      ({ path }) => !path.startsWith(MARKER),
    );
  };
  return {
    ...{ host, url, dir, pid: child.pid, accessLog, credentials: options.htpasswd },
    async requestsDuring(action) {
      const before = await accessLog();
      await action();
      return (await accessLog()).slice(before.length);
    },
    async stop() {
      await child.kill();
      await removeFolder(folder);
    },
  };
}

const MARKER = '/v2/?drayage-marker=';
let markers = 0;

/**
 * The registry logs a line after it sent the response, so we wait for our own request to know that the log
 * has caught up.
 */
async function mark(url: string, log: () => string): Promise<number> {
  const marker = `${MARKER}${String(markers++)} `;
  await (await fetch(url + marker.trim())).arrayBuffer();
  await waitUntil(() => log().includes(marker), 'the access log has caught up');
  return log().lastIndexOf('\n', log().indexOf(marker)) + 1;
}

async function writeConfig(
  folder: string,
  dir: string,
  { htpasswd, port = 0 }: RegistryOptions,
): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const passwords = join(folder, 'htpasswd');
  if (htpasswd !== undefined) writeFileSync(passwords, await htpasswdLine(htpasswd.user, htpasswd.password));
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: dir },
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: `127.0.0.1:${String(port)}` },
    ...(htpasswd !== undefined && { auth: { htpasswd: { realm: 'drayage-test', path: passwords } } }),
  };
  const file = join(folder, 'config.yml');
  // Every JSON document is a YAML document.
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The registry takes bcrypt only, which Node.js lacks and the libc of Debian has. */
async function htpasswdLine(user: string, password: string): Promise<string> {
  const script = 'print crypt($ENV{PASSWORD}, q($2y$05$) . "drayage.drayage.drayau")';
  const { stdout } = await runOrThrow('perl', ['-e', script], { env: { PASSWORD: password } });
  return `${user}:${stdout}\n`;
}
