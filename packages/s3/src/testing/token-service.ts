import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { sendXml } from './refusal.ts';
import type { SigningKey } from './signature.ts';

/** The part of AWS STS and of GitHub's token service that credentials need, on loopback. */
export interface TokenService {
  readonly url: string;
  /** The form fields of each call of STS. */
  readonly calls: readonly Readonly<Record<string, string>>[];
  close(): Promise<void>;
}

export interface TokenServiceOptions {
  /** The only OIDC token that is accepted, and that GitHub gives. */
  readonly oidcToken: string;
  /** What GitHub wants as bearer token. */
  readonly githubToken: string;
  readonly key: SigningKey;
}

/** Starts the service on a free port. The caller closes it. */
export async function startTokenService(options: TokenServiceOptions): Promise<TokenService> {
  const { oidcToken, githubToken, key } = options;
  const calls: Record<string, string>[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'GET') {
      const isAllowed = request.headers.authorization === `Bearer ${githubToken}`;
      const isForAws = url.searchParams.get('audience') === 'sts.amazonaws.com';
      response.writeHead(isAllowed && isForAws ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isAllowed && isForAws ? { value: oidcToken } : {}));
      return;
    }
    void text(request).then((form) => {
      const fields = Object.fromEntries(new URLSearchParams(form));
      calls.push(fields);
      const { Action: action, WebIdentityToken: token } = fields;
      if (action !== 'AssumeRoleWithWebIdentity' || token !== oidcToken) {
        const error = '<Type>Sender</Type><Code>InvalidIdentityToken</Code>';
        const quoted = `<Message>the token ${token ?? ''} is not valid</Message>`;
        sendXml(response, 400, `<ErrorResponse><Error>${error}${quoted}</Error></ErrorResponse>`);
        return;
      }
      sendXml(response, 200, assumed(key));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
function assumed({ accessKeyId, secretAccessKey, sessionToken = '' }: SigningKey): string {
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const credentials =
    `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
    `<SessionToken>${sessionToken}</SessionToken><Expiration>${expiration}</Expiration>`;
  const result = `<AssumeRoleWithWebIdentityResult><Credentials>${credentials}</Credentials></AssumeRoleWithWebIdentityResult>`;
  const space = 'https://sts.amazonaws.com/doc/2011-06-15/';
  return `<AssumeRoleWithWebIdentityResponse xmlns="${space}">${result}</AssumeRoleWithWebIdentityResponse>`;
}
