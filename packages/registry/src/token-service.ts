import { RegistryError, isObject, redactUrl } from '@drayage/core';
import { followRedirects, readJson, type Connections, type HttpResponse } from '@drayage/http';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credentials/credential-store.ts';
import { answerFailure, unreachable, type AnswerContext, type Operation } from './failures.ts';

/** A bearer token, and when to stop using it (ms since the epoch). */
export interface AccessToken {
  readonly token: string;
  readonly expiresAt: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  /** `repository:library/redis:pull`; several are separated by spaces. */
  readonly scope: string;
  readonly credential: Credential | undefined;
  /** The registry (`host[:port]`); its CA certificates are trusted for the service too. */
  readonly onBehalfOf?: string | undefined;
  /** True if the registry itself is used without verified TLS; else the realm must be https. */
  readonly allowsPlainHttp: boolean;
  readonly isInsecure: (host: string) => boolean;
}

const clientId = 'drayage';
const maxTokenBodyBytes = 1024 * 1024;
// The protocol's default, and the minimum a service should grant.
const defaultLifetimeSec = 60;

/**
 * Requests a token from the token service in a Bearer challenge. Sends a user name and password as Basic
 * authorization, an identity token in the body of an OAuth 2 refresh; without either the token is anonymous.
 * One attempt.
 * @throws RegistryError `REGISTRY_UNAUTHORIZED`, `REGISTRY_RATE_LIMITED`, `REGISTRY_UNREACHABLE`,
 * `REGISTRY_PROTOCOL`
 * @see distribution v2.8 docs/spec/auth/token.md and oauth.md
 */
export async function fetchToken(
  connections: Connections,
  operation: Operation,
  request: TokenRequest,
  context: AnswerContext,
): Promise<AccessToken> {
  const realm = parseRealm(operation, request);
  const answer: AnswerContext = { ...context, other: { role: 'token service', host: realm.host } };
  try {
    const response = await sendTokenRequest(connections, realm, request);
    if (response.status < 200 || response.status > 299)
      throw await tokenFailure(operation, response, request, answer);
    return parseToken(await readJson(response, maxTokenBodyBytes), context.now, operation, realm);
  } catch (error) {
    throw unreachable(operation, error, realm.host);
  }
}

function parseRealm(operation: Operation, { challenge, allowsPlainHttp }: TokenRequest): URL {
  const text = challenge.parameters.get('realm') ?? '';
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (realm?.protocol === 'https:' || (realm?.protocol === 'http:' && allowsPlainHttp)) return realm;
  const reason =
    realm?.protocol === 'http:'
      ? `its token service ${redactUrl(realm)} is not https, and would expose credentials`
      : 'its challenge names no token service';
  throw new RegistryError('REGISTRY_PROTOCOL', `cannot ${operation.title}: ${reason}`, {
    details: { registry: operation.registry },
  });
}

async function sendTokenRequest(
  connections: Connections,
  realm: URL,
  { challenge, scope, credential, onBehalfOf, isInsecure }: TokenRequest,
): Promise<HttpResponse> {
  const service = challenge.parameters.get('service');
  const parameters = new URLSearchParams(service === undefined ? [] : [['service', service]]);
  const base = { verifiesTls: !isInsecure(realm.host), onBehalfOf, signal: undefined };
  if (credential?.kind === 'identityToken') {
    parameters.set('scope', scope);
    parameters.set('grant_type', 'refresh_token');
    parameters.set('client_id', clientId);
    parameters.set('refresh_token', credential.token);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    // Does not follow redirects: the body is the secret.
    return connections.send({ ...base, method: 'POST', url: realm, headers, body: parameters.toString() });
  }
  for (const part of scope.split(' ')) parameters.append('scope', part);
  if (credential?.kind === 'basic') parameters.set('account', credential.username);
  const url = new URL(realm);
  for (const [name, value] of parameters) url.searchParams.append(name, value);
  const authorization = basicAuthorization(credential);
  return followRedirects(
    connections,
    { ...base, method: 'GET', url },
    { credentials: authorization === undefined ? undefined : { authorization }, isInsecure },
  );
}

/** The value of an `Authorization` header, if `credential` is a user name and password. */
export function basicAuthorization(credential: Credential | undefined): string | undefined {
  if (credential?.kind !== 'basic') return undefined;
  const pair = `${credential.username}:${credential.password}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

async function tokenFailure(
  operation: Operation,
  response: HttpResponse,
  { credential }: TokenRequest,
  answer: AnswerContext,
): Promise<RegistryError> {
  // OAuth 2 says 400 invalid_grant for a refresh token that is revoked or expired (RFC 6749, section 5.2).
  const isRefusal = response.status === 400 && credential?.kind === 'identityToken';
  return answerFailure(operation, isRefusal ? { ...response, status: 401 } : response, answer);
}

function parseToken(body: unknown, now: number, operation: Operation, realm: URL): AccessToken {
  const tokens = isObject(body) ? [body['token'], body['access_token']] : [];
  const token = tokens.find((value) => value !== undefined && value !== null && value !== '');
  // Other characters are not valid in a header.
  if (!isObject(body) || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const message = `cannot ${operation.title}: the token service ${redactUrl(realm)} sent no token`;
    throw new RegistryError('REGISTRY_PROTOCOL', message, { details: { registry: operation.registry } });
  }
  const stated = body['expires_in'];
  const lifetimeSec = typeof stated === 'number' && stated > 0 ? stated : defaultLifetimeSec;
  // A tenth early, so that a token does not expire on its way.
  return { token, expiresAt: now + lifetimeSec * 900 };
}
