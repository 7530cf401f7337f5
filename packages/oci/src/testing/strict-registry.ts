import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ranged, refusal, sendAnswer, type Answer } from './answer.ts';
import { route } from './routes.ts';
import { strictDefaults, type StrictFault, type StrictRequest, type StrictSettings } from './settings.ts';
import { StrictState } from './state.ts';
import { StrictTokens, type StrictLogin } from './tokens.ts';

/**
 * A registry in this process, on loopback, in memory. It does what the specification says, and as little
 * beyond it as hosted registries do: see {@link StrictSettings}. A second origin plays the object storage.
 */
export interface StrictRegistry {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly settings: StrictSettings;
  readonly state: StrictState;
  /** Every request so far, oldest first. */
  readonly log: readonly StrictRequest[];
  /** Lets tokens grow older. */
  advance(seconds: number): void;
  inject(fault: StrictFault): void;
  /** Ends it; `start` brings it back on the same port with the same content. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface StrictRegistryOptions extends Partial<StrictSettings> {
  /** Who gets tokens, where they are demanded. */
  readonly login?: StrictLogin;
}

/** Starts a registry on a free port. The caller closes it. */
export async function startStrictRegistry({
  login = { username: 'dray', password: 'planted-password' },
  ...settings
}: StrictRegistryOptions = {}): Promise<StrictRegistry> {
  const registry = new Registry({ ...strictDefaults, ...settings }, new StrictTokens(login));
  await registry.start();
  return registry;
}

class Registry implements StrictRegistry {
  readonly settings: StrictSettings;
  readonly state = new StrictState();
  readonly log: StrictRequest[] = [];
  readonly #tokens: StrictTokens;
  readonly #faults: { readonly fault: StrictFault; left: number }[] = [];
  #ports = [0, 0];
  #servers: readonly Server[] = [];

  constructor(settings: StrictSettings, tokens: StrictTokens) {
    this.settings = settings;
    this.#tokens = tokens;
  }

  get host(): string {
    return `127.0.0.1:${String(this.#ports[0])}`;
  }

  get #storageHost(): string {
    return `127.0.0.1:${String(this.#ports[1])}`;
  }

  advance(seconds: number): void {
    this.#tokens.advance(seconds);
  }

  inject(fault: StrictFault): void {
    this.#faults.push({ fault, left: fault.times });
  }

  async start(): Promise<void> {
    const origins = ['registry', 'storage'] as const;
    this.#servers = await Promise.all(
      origins.map(async (origin, position) => {
        const server = createServer((request, response) => {
          // A client may leave at any time.
          this.#handle(origin, request, response).catch(() => response.destroy());
        });
        server.listen(this.#ports[position], '127.0.0.1');
        await once(server, 'listening');
        return server;
      }),
    );
    this.#ports = this.#servers.map((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    });
  }

  async stop(): Promise<void> {
    const closed = this.#servers.map((server) => once(server, 'close'));
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    this.#servers = [];
    await Promise.all(closed);
  }

  close(): Promise<void> {
    return this.stop();
  }

  async #handle(
    origin: StrictRequest['origin'],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const effect = this.#strike(method, path);
    const resetAfter = effect?.kind === 'reset' ? effect.afterBytes : undefined;
    const body = await readBody(request, method === 'PUT' ? resetAfter : undefined);
    if (body === undefined) {
      this.#note(origin, request, 0);
      request.socket.destroy();
      return;
    }
    const answer =
      effect?.kind === 'status'
        ? refusal(effect.status, 'UNKNOWN')
        : this.#answer(origin, request, path, body);
    this.#note(origin, request, answer.status);
    sendAnswer(response, answer, method === 'GET' ? resetAfter : undefined);
  }

  #note(
    origin: StrictRequest['origin'],
    { method = 'GET', url = '/', headers }: IncomingMessage,
    status: number,
  ): void {
    this.log.push({
      origin,
      method,
      path: url,
      hasAuthorization: headers.authorization !== undefined,
      status,
    });
  }

  #strike(method: string, path: string): StrictFault['effect'] | undefined {
    const planned = this.#faults.find(
      ({ fault, left }) => left > 0 && fault.method === method && fault.path.test(path),
    );
    if (planned !== undefined) planned.left -= 1;
    return planned?.fault.effect;
  }

  #answer(origin: StrictRequest['origin'], request: IncomingMessage, path: string, body: Buffer): Answer {
    const url = new URL(path, 'http://registry.test');
    const { authorization, range } = request.headers;
    if (origin === 'storage') {
      // As S3 does: two ways to authorize are one too many.
      if (authorization !== undefined) return refusal(400, 'InvalidArgument');
      const blob = this.state.blobs.get(url.pathname.slice(1));
      return blob === undefined ? refusal(404, 'NoSuchKey') : ranged(blob, range);
    }
    const { tokenSec } = this.settings;
    if (url.pathname === '/token') return this.#tokens.give(url.searchParams, authorization, tokenSec ?? 300);
    const [, repository = '', rest = ''] =
      /^\/v2\/(.+?)\/((?:blobs|manifests|tags)\/.*)$/.exec(url.pathname) ?? [];
    const method = request.method ?? 'GET';
    const denied =
      tokenSec === undefined
        ? undefined
        : this.#tokens.refuse(authorization, scopesOf(method, repository, url.searchParams), this.host);
    if (denied !== undefined) return denied;
    if (repository === '') return url.pathname === '/v2/' ? { status: 200 } : refusal(404, 'NOT_FOUND');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    );
    const call = { method, repository, rest, query: url.searchParams, headers, body };
    return route(this.state, this.settings, call, this.#storageHost);
  }
}

/** As docker-registry demands them. */
function scopesOf(method: string, repository: string, query: URLSearchParams): readonly string[] {
  if (repository === '') return [];
  const from = query.get('from');
  const mounted = from === null ? [] : [`repository:${from}:pull`];
  const right = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'pull,push';
  return [`repository:${repository}:${right}`, ...mounted];
}

/** Undefined when the connection is to be cut after some bytes. */
async function readBody(request: IncomingMessage, cutAfter: number | undefined): Promise<Buffer | undefined> {
  const stream: AsyncIterable<Buffer> = request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (cutAfter !== undefined && size > cutAfter) return undefined;
  }
  return Buffer.concat(chunks);
}
