import { createProxyRules, proxySettings } from '@drayage/http';
import {
  ambientCredentials,
  createS3Transport,
  parseEndpoint,
  readGithubToken,
  webIdentityCredentials,
  type AwsCredentialOptions,
  type CredentialSource,
  type S3Transport,
} from '@drayage/s3';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { trustedCertificates } from './trusted-certificates.ts';
import { handoverKey } from './handover-key.ts';

/**
 * The handover through a bucket. What the URL does not name comes from the variables of AWS tools. @throws
 * UsageError `USAGE`, `CONFIG_INVALID`
 */
export async function openS3Transport(url: string, config: Config, host: Host): Promise<S3Transport> {
  // The SDK warns about old versions of Node.js, which users of dray cannot act upon: dray supports them.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const { AWS_REGION: region, AWS_DEFAULT_REGION: defaultRegion } = host.env;
  const access = {
    userAgent: `drayage/${host.version}`,
    ca: await trustedCertificates(config, host),
    proxyFor: createProxyRules(proxySettings(host.env)),
    region: nonEmpty(region) ?? nonEmpty(defaultRegion),
  };
  return createS3Transport({
    ...access,
    url,
    key: handoverKey(config),
    endpoint: endpointIn(host.env),
    credentials: findCredentials(config, host, access),
  });
}

function endpointIn({ AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL: general }: Host['env']): URL | undefined {
  return parseEndpoint(
    'the endpoint in AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL',
    nonEmpty(s3) ?? nonEmpty(general),
  );
}

/**
 * Keys in the environment come first, unless a profile is named; then the role in `AWS_ROLE_ARN` with the
 * OIDC token of the job; then whatever else AWS tools find.
 */
function findCredentials(
  { oidcToken }: Config,
  { env }: Host,
  access: AwsCredentialOptions,
): CredentialSource {
  const own = nonEmpty(env['AWS_PROFILE']) === undefined ? keysIn(env) : undefined;
  if (own !== undefined) return async () => own;
  const { AWS_ROLE_ARN: role, AWS_ROLE_SESSION_NAME: sessionName, AWS_WEB_IDENTITY_TOKEN_FILE: file } = env;
  const [roleArn, token] = [nonEmpty(role), tokenSource(oidcToken, env, access)];
  if (roleArn !== undefined && token !== undefined && nonEmpty(file) === undefined) {
    return webIdentityCredentials({ roleArn, sessionName: nonEmpty(sessionName), token }, access);
  }
  return ambientCredentials(access);
}

function keysIn(env: Host['env']): Awaited<ReturnType<CredentialSource>> | undefined {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: sessionToken } = env;
  const [accessKeyId, secretAccessKey] = [nonEmpty(id), nonEmpty(secret)];
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: nonEmpty(sessionToken) };
}

function tokenSource(
  oidcToken: string | undefined,
  { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: token = '' }: Host['env'],
  access: AwsCredentialOptions,
): (() => Promise<string>) | undefined {
  if (oidcToken !== undefined) return async () => oidcToken.trim();
  return url === '' || token === '' ? undefined : () => readGithubToken({ url, token }, access);
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? undefined : trimmed;
}
