import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from '@drayage/core';
import type { ConnectionPool } from './connection-pool.ts';

/**
 * An HTTP server that passes every request on to an engine behind a pool of connections. Connections are used
 * again, except where the two sides exchange raw bytes: attach, exec, and the sessions of builds.
 */
export function createRelayServer(pool: ConnectionPool): Server {
  const agent = new PoolAgent(pool);
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.timeout = 0;
  server.on('request', (request, response) => {
    passOn(agent, request, response, true);
  });
  server.on('upgrade', (request, client, head) => {
    void hijack(pool, request, client, head);
  });
  server.on('clientError', (_error, client) => {
    client.destroy();
  });
  server.on('close', () => {
    agent.destroy();
  });
  return server;
}

// Builds and compose open some connections at once; the engine's side pays for each with a process.
const keptConnections = 8;

class PoolAgent extends Agent {
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    super({ keepAlive: true, maxFreeSockets: keptConnections, scheduling: 'lifo' });
    this.#pool = pool;
  }

  override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): null {
    this.#pool.take().then(
      (connection) => {
        connection.once('end', () => connection.destroy());
        done?.(null, connection);
      },
      (error: unknown) => {
        // Node reads only the error then; its types want a connection all the same.
        Reflect.apply(done ?? (() => undefined), undefined, [error]);
      },
    );
    return null;
  }

  /** The default does with a socket what these connections cannot. */
  override keepSocketAlive(): true {
    return true;
  }

  override reuseSocket(): void {
    // Nothing was changed that must be undone.
  }
}

/** Headers for the next hop only. Node.js answers `Expect` itself. */
const ofConnection = ['connection', 'keep-alive', 'expect'];

function passOn(agent: Agent, request: IncomingMessage, response: ServerResponse, mayRetry: boolean): void {
  const { method, url, headers } = request;
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const far = httpRequest({ agent, method, path: url, headers: kept, setHost: false });
  far.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, keptHeaders(answer));
    response.flushHeaders();
    pipeline(answer, response).catch(() => response.destroy());
  });
  far.on('error', (error) => {
    // An idle connection may have ended a moment ago.
    const isUnused = far.reusedSocket && !hasBody && !response.headersSent && !response.destroyed;
    if (isUnused && mayRetry) passOn(agent, request, response, false);
    else refuse(response, error);
  });
  response.on('close', () => {
    if (!response.writableFinished) far.destroy();
  });
  if (hasBody) pipeline(request, far).catch(() => undefined);
  else far.end();
}

/** The headers of a response, without those of its connection. */
function keptHeaders({ rawHeaders }: IncomingMessage): string[] {
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (![...ofConnection, 'transfer-encoding'].includes(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = `the relay to the engine failed: ${reasonOf(error)}`;
  response.writeHead(502, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
}

/** Joins a client with an engine, byte by byte; each direction ends by itself. */
async function hijack(
  pool: ConnectionPool,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  client.on('error', () => undefined);
  let far: Duplex;
  try {
    far = await pool.take();
  } catch (error) {
    const body = JSON.stringify({ message: `the relay to the engine failed: ${reasonOf(error)}` });
    const length = String(Buffer.byteLength(body));
    client.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`);
    return;
  }
  far.write(`${headOf(request)}\r\n\r\n`);
  if (head.byteLength > 0) far.write(head);
  client.once('close', () => far.destroy());
  far.once('close', () => {
    // At its regular end, the client still reads what was sent.
    if (!far.readableEnded) client.destroy();
  });
  client.pipe(far);
  far.pipe(client);
}

function headOf({ method = 'GET', url = '/', rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}`);
  }
  return lines.join('\r\n');
}
