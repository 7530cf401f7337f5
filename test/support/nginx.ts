import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import { makeFolder, removeFolder } from './folders.ts';
import { cachedPart, programOnPath } from './parts.ts';
import { waitUntil } from './wait.ts';

/** A web server with a folder of files. */
export interface TestNginx {
  readonly url: string;
  readonly root: string;
  stop(): Promise<void>;
}

export interface NginxOptions {
  /** `dav`: takes PUT, MOVE and DELETE; `put`: PUT and DELETE; `static`: none. */
  readonly kind: 'dav' | 'put' | 'static';
  /** The bearer token that is wanted. */
  readonly token?: string | undefined;
  /** Served files; default: a new folder. */
  readonly root?: string | undefined;
}

/** Where nginx is; undefined: nowhere. */
export function nginxProgram(): string | undefined {
  const part = cachedPart('nginx');
  return part === undefined ? programOnPath('nginx') : join(part, 'usr/sbin/nginx');
}

const methods = { dav: 'dav_methods PUT MOVE DELETE MKCOL;', put: 'dav_methods PUT DELETE;', static: '' };

/** Starts nginx. The caller stops it. */
export async function startNginx({ kind, token, root: given }: NginxOptions): Promise<TestNginx> {
  const port = await freePort();
  const dir = makeFolder();
  const root = given ?? join(dir, 'root');
  for (const folder of [root, join(dir, 'temp')]) mkdirSync(folder, { recursive: true });
  const check = token === undefined ? '' : `if ($http_authorization != "Bearer ${token}") { return 401; }`;
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(dir, 'temp', name)};`,
  );
  const isWritable = kind !== 'static';
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; master_process off; pid ${join(dir, 'pid')}; error_log ${join(dir, 'error.log')};
events { }
http { access_log off; ${temp.join(' ')} client_max_body_size 0;
  server { listen 127.0.0.1:${String(port)}; root ${root}; autoindex on; autoindex_format json; ${check}
    ${methods[kind]} ${isWritable ? 'create_full_put_path on;' : ''} }
}`,
  );
  const program = nginxProgram() ?? 'nginx';
  const child = spawn(program, ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  await waitUntil(async () => isListening(port), 'nginx listens');
  return {
    url: `http://127.0.0.1:${String(port)}`,
    root,
    async stop() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await removeFolder(dir);
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
