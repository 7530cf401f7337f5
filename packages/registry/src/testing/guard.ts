import type { RequestLogEntry } from './faults.ts';
import { errorReply, textReply, type Reply } from './reply.ts';

/** How a registry protects its repositories. */
export type RegistryAuth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'bearer';
      /** The login for a token; absent, together with `identityToken`: tokens are issued without a login. */
      readonly user?: { readonly username: string; readonly password: string };
      /** The refresh token that is exchanged for a token by POST. */
      readonly identityToken?: string;
      /**
       * Stated to the client (seconds, default 300); tokens really end with `revokeTokens` or after
       * `usesPerToken`.
       */
      readonly expiresInSec?: number;
      /** How many requests a token is valid for; absent: unlimited. */
      readonly usesPerToken?: number;
      /** Default the registry's own `/token`. */
      readonly realm?: string;
      /** The answer that carries a token, where it differs from the usual one. */
      readonly tokenAnswer?: (token: string) => TokenAnswer;
      /** The `WWW-Authenticate` headers of a refusal, where they differ from the usual one. */
      readonly challenges?: (realm: string, scope: string) => readonly string[];
    };

/** An answer of a token service. */
export interface TokenAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Checks requests to repositories and serves `/token`. */
export interface Guard {
  /** The refusal of a forbidden request, else undefined. */
  refuse(request: RequestLogEntry, realm: string): Reply | undefined;
  token(request: RequestLogEntry): Reply;
  revokeTokens(): void;
}

export function createGuard(auth: RegistryAuth | undefined, nextTokenName: () => string): Guard {
  const valid = new Map<string, string>();
  const usesLeft = new Map<string, number>();
  const isUsedUp = (authorization: string): boolean => {
    const left = usesLeft.get(authorization) ?? Number.POSITIVE_INFINITY;
    usesLeft.set(authorization, left - 1);
    return left <= 0;
  };
  return {
    refuse(request, realm) {
      if (auth === undefined) return undefined;
      const { authorization } = request.headers;
      if (auth.kind === 'basic') {
        const challenge = { 'www-authenticate': 'Basic realm="drayage, tests"' };
        return authorization === basicHeader(auth) ? undefined : errorReply(401, 'UNAUTHORIZED', challenge);
      }
      const scope = scopeOf(request);
      const granted = isUsedUp(authorization ?? '') ? undefined : valid.get(authorization ?? '');
      if (granted !== undefined && (scope === undefined || granted.split(' ').includes(scope)))
        return undefined;
      const wanted = scope === undefined ? '' : `,scope="${scope}"`;
      const challenge = `Bearer realm="${auth.realm ?? realm}",service="registry.test"${wanted}`;
      const challenges = auth.challenges?.(realm, scope ?? '') ?? [challenge];
      return errorReply(401, 'UNAUTHORIZED', { 'www-authenticate': challenges });
    },
    token(request) {
      if (auth?.kind !== 'bearer') return errorReply(404, 'NOT_FOUND');
      const parameters =
        request.method === 'POST'
          ? new URLSearchParams(request.body)
          : new URL(request.path, 'http://registry.test').searchParams;
      const isAllowed =
        request.method === 'POST'
          ? auth.identityToken !== undefined && parameters.get('refresh_token') === auth.identityToken
          : auth.user === undefined
            ? auth.identityToken === undefined
            : request.headers['authorization'] === basicHeader(auth.user);
      if (!isAllowed) return errorReply(401, 'UNAUTHORIZED');
      const token = nextTokenName();
      valid.set(`Bearer ${token}`, parameters.getAll('scope').join(' '));
      if (auth.usesPerToken !== undefined) usesLeft.set(`Bearer ${token}`, auth.usesPerToken);
      const usual: TokenAnswer = { body: JSON.stringify({ token, expires_in: auth.expiresInSec ?? 300 }) };
      const { status = 200, body, headers } = auth.tokenAnswer?.(token) ?? usual;
      return textReply(status, body, headers);
    },
    revokeTokens: () => {
      valid.clear();
    },
  };
}

function scopeOf({ path }: RequestLogEntry): string | undefined {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(path)?.[1];
  return repository === undefined ? undefined : `repository:${repository}:pull`;
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
