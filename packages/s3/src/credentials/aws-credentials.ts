import { reasonOf } from '@drayage/core';
import { quotable } from '@drayage/http';
import type { CredentialSource, S3Credentials } from './credentials.ts';
import { createRequestHandler, type Reach } from './request-handler.ts';

export interface AwsCredentialOptions extends Reach {
  /** Of the token service; undefined: as AWS tools find it. */
  readonly region: string | undefined;
}

/** A role to assume with the OIDC token of a CI job. */
export interface WebIdentity {
  readonly roleArn: string;
  /** Default `drayage`. */
  readonly sessionName: string | undefined;
  /** Asked for each time that credentials are needed: tokens live for minutes. */
  readonly token: () => Promise<string>;
}

/** Credentials with less left count as expired (ms). */
const spareMs = 5 * 60_000;

/** The SDK would print to the console. */
const ignore = (): void => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Credentials as AWS tools find them: in the environment, in profile files (roles, processes and SSO
 * included), by a web identity in a file, from the container or the machine. Reads `process.env`, as the SDK
 * does. Imports the SDK on the first call.
 */
export function ambientCredentials(options: AwsCredentialOptions): CredentialSource {
  let provider: ReturnType<typeof createProvider> | undefined;
  return async ({ isFresh = false } = {}) => {
    provider ??= createProvider(options);
    // The chain caches until credentials expire.
    return (await provider)(isFresh ? { forceRefresh: true } : {});
  };
}

async function createProvider(options: AwsCredentialOptions) {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider({ clientConfig: clientConfig(options), logger: silent });
}

/** Credentials of a role, for the OIDC token of a job. Imports the SDK on the first call. */
export function webIdentityCredentials(
  { roleArn, sessionName = 'drayage', token }: WebIdentity,
  options: AwsCredentialOptions,
): CredentialSource {
  let current: S3Credentials | undefined;
  let pending: Promise<S3Credentials> | undefined;
  const assume = async (): Promise<S3Credentials> => {
    const [{ fromWebToken }, webIdentityToken] = await Promise.all([
      import('@aws-sdk/credential-provider-web-identity'),
      token(),
    ]);
    const config = { roleArn, roleSessionName: sessionName, webIdentityToken, logger: silent };
    const { region = 'us-east-1' } = options;
    try {
      return await fromWebToken({ ...config, clientConfig: clientConfig({ ...options, region }) })();
    } catch (error) {
      throw new Error(`cannot assume ${roleArn}: ${quotable(reasonOf(error), [webIdentityToken])}`);
    }
  };
  return async ({ isFresh = false } = {}) => {
    if (!isFresh && current !== undefined && !isExpiring(current)) return current;
    // Requests that start together share one call.
    pending ??= assume().finally(() => (pending = undefined));
    current = await pending;
    return current;
  };
}

function isExpiring({ expiration }: S3Credentials): boolean {
  return expiration !== undefined && expiration.getTime() - Date.now() < spareMs;
}

function clientConfig({ region, ...reach }: AwsCredentialOptions) {
  return { ...(region !== undefined && { region }), requestHandler: createRequestHandler(reach) };
}
