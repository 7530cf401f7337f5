import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rejectionOf, temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { createProxyRules } from '@drayage/http';
import { startConnectProxy } from '@drayage/http/testing';
import { startTokenService, type TokenService } from '../testing/token-service.ts';
import { ambientCredentials, webIdentityCredentials } from './aws-credentials.ts';
import { readGithubToken } from './github-token.ts';

const key = { accessKeyId: 'ASIAROLE', secretAccessKey: 'planted-secret', sessionToken: 'planted-session' };
const oidcToken = 'planted.oidc.token';
const roleArn = 'arn:aws:iam::123456789012:role/ci';
const reach = { userAgent: 'drayage/test', region: 'eu-1' };

let directory: TemporaryDirectory;
let service: TokenService;
const before = { ...process.env };

beforeEach(async () => {
  directory = await temporaryDirectory();
  service = await startTokenService({ oidcToken, githubToken: 'planted-github', key });
  setEnv({
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(directory.path, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory.path, 'credentials'),
    AWS_ENDPOINT_URL_STS: service.url,
  });
});

afterEach(async () => {
  process.env = { ...before };
  await service.close();
  await directory.remove();
});

function setEnv(env: Readonly<Record<string, string>>): void {
  Object.assign(process.env, env);
}

describe('credentials of AWS', () => {
  test('come from the environment', async () => {
    setEnv({ AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'planted' });
    expect(await ambientCredentials(reach)()).toMatchObject({ accessKeyId: 'AKIDENV' });
  });

  test('come from a profile', async () => {
    const profile = '[ci]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = planted\n';
    await writeFile(join(directory.path, 'credentials'), profile);
    setEnv({ AWS_PROFILE: 'ci' });
    expect(await ambientCredentials(reach)()).toMatchObject({ accessKeyId: 'AKIDPROFILE' });
  });

  test('come from a role, for a token in a file, through a proxy', async () => {
    const proxy = await startConnectProxy({ routes: { 'sts.test:80': new URL(service.url).host } });
    await writeFile(join(directory.path, 'token'), oidcToken);
    setEnv({
      AWS_ENDPOINT_URL_STS: 'http://sts.test',
      AWS_WEB_IDENTITY_TOKEN_FILE: join(directory.path, 'token'),
      AWS_ROLE_ARN: roleArn,
    });
    const proxyFor = createProxyRules({ httpProxy: `http://${proxy.host}` });
    expect(await ambientCredentials({ ...reach, proxyFor })()).toMatchObject(key);
    expect(service.calls).toMatchObject([{ RoleArn: roleArn, WebIdentityToken: oidcToken }]);
    await proxy.close();
  });

  test('come from the container', async () => {
    const answer = { AccessKeyId: 'ASIAECS', SecretAccessKey: 'planted', Token: 'planted' };
    const expiring = { ...answer, Expiration: new Date(Date.now() + 3_600_000).toISOString() };
    const server = createServer((_, response) => response.end(JSON.stringify(expiring)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    setEnv({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${String(port)}/role` });
    expect(await ambientCredentials(reach)()).toMatchObject({ accessKeyId: 'ASIAECS' });
    server.closeAllConnections();
    server.close();
  });

  test('that are nowhere are an error', async () => {
    const error = await rejectionOf(ambientCredentials(reach)());
    expect(String(error)).toMatch(/credentials/i);
  });
});

describe('a web identity', () => {
  test('is exchanged for credentials once, until they are asked for anew', async () => {
    const credentials = webIdentityCredentials(
      { roleArn, sessionName: undefined, token: async () => oidcToken },
      reach,
    );
    const [one, other] = await Promise.all([credentials(), credentials()]);
    expect([one, other, await credentials()]).toMatchObject([key, key, key]);
    expect(service.calls).toMatchObject([{ RoleArn: roleArn, RoleSessionName: 'drayage' }]);
    await credentials({ isFresh: true });
    expect(service.calls).toHaveLength(2);
  });

  test('that is refused is reported without the token', async () => {
    const token = async (): Promise<string> => 'planted.wrong.token';
    const credentials = webIdentityCredentials({ roleArn, sessionName: 'x', token }, reach);
    const error = await rejectionOf(credentials());
    expect(String(error)).toContain(roleArn);
    expect(String(error)).not.toContain('planted');
  });

  test('of a job of GitHub Actions is asked for with the audience of AWS', async () => {
    const request = { url: `${service.url}/token?api-version=2.0`, token: 'planted-github' };
    expect(await readGithubToken(request, reach)).toBe(oidcToken);
    const error = await rejectionOf(readGithubToken({ ...request, token: 'planted-wrong' }, reach));
    expect(String(error)).toContain('401');
    expect(String(error)).not.toContain('planted');
  });
});
