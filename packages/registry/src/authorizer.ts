import type { Connections } from '@drayage/http';
import { scopeOf, type Access } from './access.ts';
import type { ApiRoot } from './api-root.ts';
import type { Challenge } from './challenge.ts';
import type { Credential, CredentialStore } from './credentials/credential-store.ts';
import type { AnswerContext, Operation } from './failures.ts';
import { isInsecureHost } from './hosts.ts';
import { SingleFlight } from './single-flight.ts';
import { basicAuthorization, fetchToken, type AccessToken } from './token-service.ts';

export interface AuthorizerOptions {
  readonly registry: string;
  readonly connections: Connections;
  readonly credentials: CredentialStore;
  readonly insecureRegistries: readonly string[];
  readonly now: () => number;
}

/** The authorization for one registry: its challenges, credential and tokens. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #requests = new SingleFlight<AccessToken>();
  // By scope. The challenge of a repository takes precedence over that of the registry's root.
  readonly #challenges = new Map<string, Challenge>();
  readonly #secrets = new Set<string>();
  // By repository: some stores have credentials for part of a registry.
  readonly #credentials = new Map<string, Promise<Credential | undefined>>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * The `Authorization` header for a request that needs `access`; undefined if the registry demands none, or
   * we cannot meet its demand.
   * @throws DrayError `CREDENTIALS_INVALID`; RegistryError as {@link fetchToken}
   */
  async authorization(root: ApiRoot, access: Access, operation: Operation): Promise<string | undefined> {
    const challenge = this.#challenges.get(scopeOf(access)) ?? withoutScope(chooseChallenge(root.challenges));
    if (challenge === undefined) return undefined;
    const credential = await this.#findCredential(access.repository);
    if (credential?.kind === 'registryToken') return `Bearer ${credential.token}`;
    if (challenge.scheme === 'basic') return basicAuthorization(credential);
    const { token } = await this.#token(root, challenge, access, operation);
    return `Bearer ${token}`;
  }

  /**
   * A new `Authorization` header after a 401 with `challenges`; undefined without a better one than
   * `rejected`. Requests that were refused with the same token share one new token. Looks up the credential
   * again, because passwords of cloud registries expire during long pulls.
   */
  async renewal(
    root: ApiRoot,
    access: Access,
    refusal: { readonly rejected: string | undefined; readonly challenges: readonly Challenge[] },
    operation: Operation,
  ): Promise<string | undefined> {
    const challenge = chooseChallenge(refusal.challenges);
    if (challenge === undefined) return undefined;
    this.#challenges.set(scopeOf(access), challenge);
    if (refusal.rejected !== undefined) this.#credentials.delete(access.repository);
    for (const [key, { token }] of this.#tokens) {
      if (refusal.rejected === `Bearer ${token}`) this.#tokens.delete(key);
    }
    const authorization = await this.authorization(root, access, operation);
    return authorization === refusal.rejected ? undefined : authorization;
  }

  /**
   * Facts for messages about a response. Never rejects: an unreadable credential is reported where it is
   * needed.
   */
  async answerContext(repository: string): Promise<AnswerContext> {
    const credential = await this.#findCredential(repository).catch(() => undefined);
    const { credentials, registry, now } = this.#options;
    return {
      credentialSource: credential?.source,
      credentialProblem: credentials.problemOf?.(registry),
      secrets: this.#secrets,
      now: now(),
    };
  }

  #findCredential(repository: string): Promise<Credential | undefined> {
    const known = this.#credentials.get(repository);
    if (known !== undefined) return known;
    const { credentials, registry } = this.#options;
    const found = credentials.find(registry, repository).then((credential) => {
      for (const secret of secretsOf(credential)) this.#secrets.add(secret);
      return credential;
    });
    this.#credentials.set(repository, found);
    return found;
  }

  async #token(
    root: ApiRoot,
    challenge: Challenge,
    access: Access,
    operation: Operation,
  ): Promise<AccessToken> {
    const { repository } = access;
    const scope = challenge.parameters.get('scope') ?? scopeOf(access);
    const key = JSON.stringify([
      challenge.parameters.get('realm'),
      challenge.parameters.get('service'),
      scope,
    ]);
    const known = this.#tokens.get(key);
    if (known !== undefined && this.#options.now() < known.expiresAt) return known;
    // The credential can have expired together with the last token.
    if (known !== undefined) this.#credentials.delete(repository);
    return this.#requests.run(key, async () => {
      const { connections, insecureRegistries } = this.#options;
      const request = {
        challenge,
        scope,
        credential: await this.#findCredential(repository),
        onBehalfOf: root.origin.host,
        allowsPlainHttp: !root.verifiesTls,
        isInsecure: (host: string) => isInsecureHost(host, insecureRegistries),
      };
      const fresh = await fetchToken(connections, operation, request, await this.answerContext(repository));
      this.#secrets.add(fresh.token);
      this.#tokens.set(key, fresh);
      return fresh;
    });
  }
}

function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm')) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}

// The root's scope is for the root itself (a catalogue, say), not for the repository.
function withoutScope(challenge: Challenge | undefined): Challenge | undefined {
  if (challenge?.parameters.has('scope') !== true) return challenge;
  return {
    ...challenge,
    parameters: new Map([...challenge.parameters].filter(([name]) => name !== 'scope')),
  };
}

function secretsOf(credential: Credential | undefined): readonly string[] {
  if (credential === undefined) return [];
  if (credential.kind !== 'basic') return [credential.token, encodeURIComponent(credential.token)];
  const header = basicAuthorization(credential)?.slice('Basic '.length) ?? '';
  return [credential.password, encodeURIComponent(credential.password), header];
}
