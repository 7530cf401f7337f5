import { randomUUID } from 'node:crypto';
import { refusal, type Answer } from './answer.ts';

export interface StrictLogin {
  readonly username: string;
  readonly password: string;
}

/** Gives out tokens for scopes, which end with time. */
export class StrictTokens {
  readonly #login: StrictLogin;
  readonly #tokens = new Map<string, { readonly scopes: readonly string[]; readonly endsAt: number }>();
  #now = Date.now();

  constructor(login: StrictLogin) {
    this.#login = login;
  }

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }

  /** `GET /token?scope=…` */
  give(query: URLSearchParams, authorization: string | undefined, lifeSec: number): Answer {
    const { username, password } = this.#login;
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    if (authorization !== expected) return refusal(401, 'UNAUTHORIZED');
    const token = `planted-token-${randomUUID()}`;
    const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '));
    this.#tokens.set(`Bearer ${token}`, { scopes, endsAt: this.#now + lifeSec * 1000 });
    const body = Buffer.from(JSON.stringify({ token, expires_in: lifeSec }));
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  /** The refusal of a request without a token for all of `scopes`; undefined: it may go on. */
  refuse(authorization: string | undefined, scopes: readonly string[], host: string): Answer | undefined {
    const token = this.#tokens.get(authorization ?? '');
    const isGood = token !== undefined && this.#now < token.endsAt;
    if (isGood && scopes.every((scope) => token.scopes.includes(scope))) return undefined;
    const challenge = `Bearer realm="http://${host}/token",service="strict",scope="${scopes.join(' ')}"`;
    return refusal(401, 'UNAUTHORIZED', { 'www-authenticate': challenge });
  }
}
