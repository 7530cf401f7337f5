import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxyOptions {
  /**
   * Maps names to servers: `registry.test:443` to `127.0.0.1:5000`. Other names are
   * refused with 502.
   */
  readonly routes: Readonly<Record<string, string>>;
  /** The login that the proxy requires; absent: none. */
  readonly user?: { readonly username: string; readonly password: string };
  /** Also sends the login to the servers behind, as a proxy should not. */
  readonly leaksLogin?: boolean;
}

/** A forward proxy in this process, like a company's: CONNECT for TLS, whole URLs for plain HTTP. */
export interface ConnectProxy {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request so far: `CONNECT registry.test:443`, `GET http://registry.test/v2/`. */
  readonly log: readonly string[];
  /** Ends all connections. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port. The caller closes it. */
export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const { routes, user } = options;
  const log: string[] = [];
  const sockets = new Set<Duplex>();
  const isAllowed = ({ headers }: IncomingMessage): boolean =>
    user === undefined || headers['proxy-authorization'] === basicHeader(user);
  const server = createServer((request, response) => {
    log.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (isAllowed(request)) forwardPlain(options, request, response);
    else response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    const target = request.url ?? '';
    log.push(`CONNECT ${target}`);
    sockets.add(client);
    client.on('error', () => undefined);
    const route = routes[target];
    if (!isAllowed(request)) client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else if (route === undefined) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    else sockets.add(tunnel(client, route));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let closing: Promise<unknown> | undefined;
  return {
    host: `127.0.0.1:${String(port)}`,
    log,
    close: async () => {
      closing ??= new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closing;
    },
  };
}

function tunnel(client: Duplex, route: string): Socket {
  const upstream = connect(Number(route.split(':')[1]), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  return upstream;
}

function forwardPlain(
  { routes, leaksLogin = false }: ConnectProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
  const route = routes[`${url?.hostname ?? ''}:${url?.port === '' ? '80' : (url?.port ?? '')}`];
  if (url === undefined || route === undefined) {
    response.writeHead(502).end();
    return;
  }
  const { 'proxy-authorization': login, ...others } = request.headers;
  const headers = leaksLogin ? { ...others, 'proxy-authorization': login } : others;
  const asked = forward(
    `http://${route}${url.pathname}${url.search}`,
    { method: request.method ?? 'GET', headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  asked.on('error', () => response.destroy());
  request.pipe(asked);
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
