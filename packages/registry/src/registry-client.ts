import { RegistryError } from '@drayage/core';
import { Authorizer } from './authorizer.ts';
import type { Connections } from './connections.ts';
import { discard } from './connections.ts';
import type { CredentialStore } from './credentials/credential-store.ts';
import type { Endpoint } from './endpoint.ts';
import { challengesOf, findEndpoint } from './endpoint.ts';
import type { Operation } from './failures.ts';
import { abortFailure, answerFailure, connectionFailure } from './failures.ts';
import { isInsecureHost } from './hosts.ts';
import type { Place } from './places.ts';
import type { FinalResponse } from './redirects.ts';
import { followRedirects } from './redirects.ts';
import type { Retry } from './retry.ts';
import { withRetries } from './retry.ts';
import { SingleFlight, unlessAborted } from './single-flight.ts';

export interface PullRequest {
  readonly method: 'GET' | 'HEAD';
  /** After `/v2/<repository>/`; or a URL that the registry itself named, which must be on its own origin. */
  readonly path: string | URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** An operation on one repository at one place. */
export interface PullOperation extends Operation {
  readonly repository: string;
  readonly place: Place;
}

/** Requests to repositories: authorized, redirected, with errors that say what happened. Used by all manifests and blobs of a source. */
export interface RegistryClient {
  readonly retry: Retry;
  /**
   * One try; an answer of any status. A 401 is followed once by a request with a new authorization.
   * @throws RegistryError when there is no answer, or no token; DrayError `ABORTED`, `CREDENTIALS_INVALID`
   */
  send(operation: PullOperation, request: PullRequest): Promise<FinalResponse>;
  /** The error that an unsuccessful answer amounts to. */
  failure(operation: PullOperation, response: FinalResponse): Promise<Error>;
  /** `run`, again and again as the retry table says. What it throws comes out as one of our errors. */
  persist<T>(operation: PullOperation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
}

export interface RegistryClientOptions {
  readonly connections: Connections;
  readonly credentials: CredentialStore;
  readonly insecureRegistries: readonly string[];
  readonly retry: Retry;
}

/** A client that asks every registry once where and how it wants to be asked, and remembers its tokens. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { retry } = options;
  const sessions = createSessions(options);
  return {
    retry,
    send: (operation, request) =>
      translated(operation, request.signal, () => sendAuthorized(options, sessions, operation, request)),
    failure: async (operation, response) => {
      const context = await sessions.authorizer(operation.place).answerContext(operation.repository);
      const other = { role: 'storage', host: response.url.host } as const;
      return answerFailure(operation, response, response.isForeign ? { ...context, other } : context);
    },
    persist: (operation, signal, run) =>
      translated(operation, signal, () =>
        withRetries(retryAt(operation.place, retry), signal, () => translated(operation, signal, run)),
      ),
  };
}

async function sendAuthorized(
  { connections, insecureRegistries }: RegistryClientOptions,
  sessions: Sessions,
  operation: PullOperation,
  { method, path, headers, signal }: PullRequest,
): Promise<FinalResponse> {
  const { repository } = operation;
  const authorizer = sessions.authorizer(operation.place);
  const endpoint = await unlessAborted(sessions.endpoint(operation), signal);
  const { origin, verifiesTls } = endpoint;
  const url = typeof path === 'string' ? new URL(`/v2/${repository}/${path}`, origin) : path;
  if (url.origin !== origin.origin) throw strangeUrl(operation, url);
  const isInsecure = (host: string): boolean => isInsecureHost(host, insecureRegistries);
  const wanted = { method, url, headers, verifiesTls, registryHost: origin.host, signal };
  const ask = (authorization: string | undefined): Promise<FinalResponse> =>
    followRedirects(connections, wanted, authorization, isInsecure);

  const first = await unlessAborted(authorizer.authorization(endpoint, repository, operation), signal);
  const response = await ask(first);
  if (response.status !== 401 || response.isForeign) return response;
  const refusal = { rejected: first, challenges: challengesOf(response) };
  const second = await unlessAborted(authorizer.renewal(endpoint, repository, refusal, operation), signal);
  if (second === undefined) return response;
  await discard(response);
  return ask(second);
}

// A mirror that may have to be passed over gets one more chance, not the patience that the origin gets.
function retryAt({ isMirror }: Place, { policy, clock }: Retry): Retry {
  const attempts = isMirror ? Math.min(2, policy.attempts) : policy.attempts;
  return { policy: { ...policy, attempts }, clock };
}

function strangeUrl({ title, registry }: Operation, url: URL): RegistryError {
  const message = `cannot ${title}: ${registry} leads to ${url.host}, which is another origin`;
  return new RegistryError('REGISTRY_PROTOCOL', message, { details: { registry, host: url.host } });
}

/** What is known of each place, found out when it is first needed. */
interface Sessions {
  authorizer(place: Place): Authorizer;
  endpoint(operation: PullOperation): Promise<Endpoint>;
}

function createSessions({
  connections,
  credentials,
  insecureRegistries,
  retry,
}: RegistryClientOptions): Sessions {
  const authorizers = new Map<string, Authorizer>();
  const endpoints = new Map<string, Endpoint>();
  const pings = new SingleFlight<Endpoint>();
  return {
    authorizer({ key, registry }) {
      const known = authorizers.get(key);
      if (known !== undefined) return known;
      const now = (): number => retry.clock.now();
      const created = new Authorizer({ registry, connections, credentials, insecureRegistries, now });
      authorizers.set(key, created);
      return created;
    },
    async endpoint(operation) {
      const { key, candidates } = operation.place;
      const known = endpoints.get(key);
      if (known !== undefined) return known;
      return pings.run(key, async () => {
        const endpoint = await findEndpoint(connections, candidates, operation);
        endpoints.set(key, endpoint);
        return endpoint;
      });
    },
  };
}

/** What `run` resolves with; whatever it throws becomes one of our errors. */
async function translated<T>(
  operation: Operation,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (signal?.aborted === true) throw abortFailure(operation, signal.reason);
    throw connectionFailure(operation, operation.registry, error);
  }
}

/** The operation `cannot <verb> <name>` at `place`. */
export function pullOperation(title: string, place: Place): PullOperation {
  return { title, registry: place.registry, repository: place.repository, place };
}
