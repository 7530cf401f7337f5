import { RegistryError } from '@drayage/core';
import {
  discard,
  followRedirects,
  withDrayErrors,
  withRetries,
  type Connections,
  type FinalResponse,
  type HttpBody,
  type Retry,
} from '@drayage/http';
import { challengesOf, findApiRoot, type ApiRoot } from './api-root.ts';
import { Authorizer } from './authorizer.ts';
import type { Access } from './access.ts';
import type { CredentialStore } from './credentials/credential-store.ts';
import type { Endpoint } from './endpoints.ts';
import { answerFailure, unreachable, type Operation } from './failures.ts';
import { isInsecureHost } from './hosts.ts';
import { SingleFlight, unlessAborted } from './single-flight.ts';

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /**
   * After `/v2/<repository>/`; or a URL from the registry itself, which must be on its own origin, except
   * for an upload (PUT): another host gets it without credentials.
   */
  readonly path: string | URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Called once more if the registry demands another authorization. */
  readonly body?: (() => string | HttpBody | Promise<HttpBody>) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An operation on one repository at one endpoint. */
export interface RepositoryOperation extends Operation {
  readonly endpoint: Endpoint;
  /** Default: the right to pull. */
  readonly access?: Access | undefined;
}

/** An operation that reads. */
export type PullOperation = RepositoryOperation;

/**
 * Sends requests to repositories: adds authorization, follows redirects, makes errors for users. All calls of
 * a source share it.
 */
export interface RegistryClient {
  readonly retry: Retry;
  /**
   * One attempt; resolves with a response of any status. After a 401, tries once more with a new
   * authorization.
   * @throws RegistryError without a response or a token; DrayError `ABORTED`, `CREDENTIALS_INVALID`
   */
  send(operation: RepositoryOperation, request: RegistryRequest): Promise<FinalResponse>;
  /** The error for an unsuccessful response. */
  failure(operation: RepositoryOperation, response: FinalResponse): Promise<Error>;
  /** Runs `run` with retries. Throws DrayErrors only. */
  persist<T>(
    operation: RepositoryOperation,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T>;
}

export interface RegistryClientOptions {
  readonly connections: Connections;
  readonly credentials: CredentialStore;
  readonly insecureRegistries: readonly string[];
  readonly retry: Retry;
}

/** A client that finds each registry's origin and authorization once, and keeps its tokens. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { retry } = options;
  const sessions = createSessions(options);
  return {
    retry,
    send: (operation, request) =>
      translated(operation, request.signal, () => sendAuthorized(options, sessions, operation, request)),
    failure: async (operation, response) => {
      const { repository } = operation.endpoint;
      const context = await sessions.authorizer(operation.endpoint).answerContext(repository);
      const other = { role: 'storage', host: response.url.host } as const;
      return answerFailure(operation, response, response.isForeign ? { ...context, other } : context);
    },
    persist: (operation, signal, run) =>
      translated(operation, signal, () => withRetries(retryAt(operation.endpoint, retry), signal, run)),
  };
}

async function sendAuthorized(
  { connections, insecureRegistries }: RegistryClientOptions,
  sessions: Sessions,
  operation: RepositoryOperation,
  { method, path, headers, body, signal }: RegistryRequest,
): Promise<FinalResponse> {
  const { endpoint, access = { repository: endpoint.repository, right: 'pull' } } = operation;
  const authorizer = sessions.authorizer(endpoint);
  const root = await unlessAborted(sessions.root(operation), signal);
  const { origin, verifiesTls } = root;
  const url = urlOf(operation, root, method, path);
  const isInsecure = (host: string): boolean => isInsecureHost(host, insecureRegistries);
  const wanted = { method, url, headers, onBehalfOf: origin.host, signal };
  if (url.origin !== origin.origin) {
    const request = { ...wanted, verifiesTls: !isInsecure(url.host), body: await body?.() };
    return { ...(await connections.send(request)), isForeign: true };
  }
  const ask = async (authorization: string | undefined): Promise<FinalResponse> =>
    followRedirects(
      connections,
      { ...wanted, verifiesTls, body: await body?.() },
      { credentials: authorization === undefined ? undefined : { authorization }, isInsecure },
    );

  const first = await unlessAborted(authorizer.authorization(root, access, operation), signal);
  const response = await ask(first);
  if (response.status !== 401 || response.isForeign) return response;
  const refusal = { rejected: first, challenges: challengesOf(response) };
  const second = await unlessAborted(authorizer.renewal(root, access, refusal, operation), signal);
  if (second === undefined) return response;
  await discard(response);
  return ask(second);
}

/**
 * Registries behind a proxy that ends TLS name uploads with the wrong scheme or port: on the registry's own
 * host, its own origin counts.
 */
function urlOf(
  operation: RepositoryOperation,
  { origin }: ApiRoot,
  method: RegistryRequest['method'],
  path: string | URL,
): URL {
  if (typeof path === 'string') return new URL(`/v2/${operation.endpoint.repository}/${path}`, origin);
  if (path.origin === origin.origin) return path;
  if (method !== 'PUT') throw foreignUrl(operation, path);
  return path.hostname === origin.hostname ? new URL(`${path.pathname}${path.search}`, origin) : path;
}

// A mirror gets one retry, fewer than the registry itself.
function retryAt({ isMirror }: Endpoint, retry: Retry): Retry {
  if (!isMirror) return retry;
  const attempts = Math.min(2, retry.policy.attempts);
  return { ...retry, policy: { ...retry.policy, attempts }, deadlineAt: undefined };
}

function foreignUrl({ title, registry }: Operation, url: URL): RegistryError {
  const message = `cannot ${title}: ${registry} refers to ${url.host}, which is another origin`;
  return new RegistryError('REGISTRY_PROTOCOL', message, { details: { registry, host: url.host } });
}

/** The state of each endpoint, created on first use. */
interface Sessions {
  authorizer(endpoint: Endpoint): Authorizer;
  root(operation: RepositoryOperation): Promise<ApiRoot>;
}

function createSessions({
  connections,
  credentials,
  insecureRegistries,
  retry,
}: RegistryClientOptions): Sessions {
  const authorizers = new Map<string, Authorizer>();
  const roots = new Map<string, ApiRoot>();
  const pings = new SingleFlight<ApiRoot>();
  return {
    authorizer({ key, registry }) {
      const known = authorizers.get(key);
      if (known !== undefined) return known;
      const now = (): number => retry.clock.now();
      const created = new Authorizer({ registry, connections, credentials, insecureRegistries, now });
      authorizers.set(key, created);
      return created;
    },
    async root(operation) {
      const { key, candidates } = operation.endpoint;
      const known = roots.get(key);
      if (known !== undefined) return known;
      return pings.run(key, async () => {
        const root = await findApiRoot(connections, candidates, operation);
        roots.set(key, root);
        return root;
      });
    },
  };
}

function translated<T>(
  operation: Operation,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  return withDrayErrors({ title: operation.title, signal }, (error) => unreachable(operation, error), run);
}

/** The operation `cannot <verb> <name>` at `endpoint`. */
export function pullOperation(title: string, endpoint: Endpoint): PullOperation {
  return { title, registry: endpoint.registry, endpoint };
}
