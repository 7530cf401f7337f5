import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';

/** Answers one request; undefined: use the fake's standard response. */
export type FakeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** A fake engine's description and content. */
export interface FakeEngineOptions {
  readonly version?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly minApiVersion?: string | undefined;
  readonly driverStatus?: readonly (readonly [string, string])[] | undefined;
  /** By ID: shown by the list and by `inspect`. */
  readonly images?: readonly FakeImage[] | undefined;
  /** By `METHOD /path` without version and query. */
  readonly handlers?: Readonly<Record<string, FakeHandler>> | undefined;
}

/** An image of a fake engine. */
export interface FakeImage {
  readonly id: string;
  readonly diffIds: readonly string[];
  readonly names?: readonly string[] | undefined;
  /** Additional members of the image's list entry. */
  readonly listed?: Readonly<Record<string, unknown>> | undefined;
  /** Listed, but gone when inspected. */
  readonly hasVanished?: boolean | undefined;
}

/** A Docker engine API (v1.41 as documented, the part we use) on its own socket. */
export interface FakeEngine {
  readonly endpoint: EngineEndpoint;
  /** `METHOD /path?query` in order of arrival. */
  readonly requests: readonly string[];
  /** The loaded archives, entry by entry. */
  readonly archives: readonly ReadonlyMap<string, Buffer>[];
  readonly close: () => Promise<void>;
}

/** Starts a fake engine. Like real ones, it refuses requests for unsupported API versions. */
export async function startFakeEngine(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'fake-engine-'));
  const socketPath = join(folder, 'docker.sock');
  const requests: string[] = [];
  const archives: ReadonlyMap<string, Buffer>[] = [];
  const server = createServer((request, response) => {
    requests.push(`${String(request.method)} ${String(request.url)}`);
    answer(request, response, options, archives).catch(() => request.socket.destroy());
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    endpoint: {
      location: `unix://${socketPath}`,
      origin: 'the test',
      address: { kind: 'unix', socketPath },
    },
    requests,
    archives,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** Reads a request's body to its end. */
export async function drain(request: IncomingMessage): Promise<void> {
  request.resume();
  await once(request, 'end');
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: FakeEngineOptions,
  archives: ReadonlyMap<string, Buffer>[],
): Promise<void> {
  const url = new URL(String(request.url), 'http://engine');
  const [, version, path = ''] = /^(?:\/v([\d.]+))?(\/.*)$/.exec(url.pathname) ?? [];
  const { apiVersion = '1.41' } = options;
  if (version !== undefined && Number(version.slice(2)) > Number(apiVersion.slice(2))) {
    sendJson(response, 400, { message: `client version ${version} is too new` });
    return;
  }
  const route = `${String(request.method)} ${path}`;
  const handler = options.handlers?.[route];
  if (handler !== undefined) {
    await handler(request, response);
  } else if (route === 'POST /images/load') {
    archives.push(await readArchive(request));
    sendJson(response, 200, { stream: 'Loaded image\n' });
  } else if (route === 'GET /images/json') {
    sendJson(
      response,
      200,
      (options.images ?? []).map(({ id, listed }) => ({ Id: id, ...listed })),
    );
  } else if (path.startsWith('/images/') && path.endsWith('/json')) {
    answerInspect(response, options, decodeURIComponent(path.slice('/images/'.length, -'/json'.length)));
  } else {
    answerAboutItself(response, options, route, apiVersion);
  }
}

function answerInspect(response: ServerResponse, { images = [] }: FakeEngineOptions, name: string): void {
  const image = images.find(({ id, names = [] }) => id === name || names.includes(name));
  if (image === undefined || image.hasVanished === true) {
    sendJson(response, 404, { message: `No such image: ${name}` });
    return;
  }
  const { id, diffIds, names = null } = image;
  const rootfs = { Type: 'layers', Layers: diffIds };
  sendJson(response, 200, {
    Id: id,
    RepoTags: names,
    RepoDigests: null,
    Os: 'linux',
    Architecture: 'amd64',
    RootFS: rootfs,
  });
}

function answerAboutItself(
  response: ServerResponse,
  {
    version = '20.10.24',
    minApiVersion,
    driverStatus = [['Backing Filesystem', 'tmpfs']],
  }: FakeEngineOptions,
  route: string,
  apiVersion: string,
): void {
  if (route === 'GET /version') {
    const minimum = minApiVersion === undefined ? {} : { MinAPIVersion: minApiVersion };
    sendJson(response, 200, {
      Version: version,
      ApiVersion: apiVersion,
      Os: 'linux',
      Arch: 'amd64',
      ...minimum,
    });
  } else if (route === 'GET /info') {
    sendJson(response, 200, { Driver: 'overlay2', DriverStatus: driverStatus });
  } else {
    sendJson(response, 404, { message: 'page not found' });
  }
}

export async function readArchive(tar: AsyncIterable<Uint8Array>): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  const written = (async () => {
    for await (const chunk of tar) {
      if (!reader.write(chunk))
        await new Promise<void>((resolve) =>
          reader.once('drain', () => {
            resolve();
          }),
        );
    }
    reader.end(undefined);
  })();
  written.catch((error: unknown) => {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const entry of reader) {
    const parts: Buffer[] = [];
    for await (const part of entry) if (part instanceof Uint8Array) parts.push(Buffer.from(part));
    files.set(entry.header.name, Buffer.concat(parts));
  }
  return files;
}
