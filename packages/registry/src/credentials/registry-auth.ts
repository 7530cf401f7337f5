import type { Credential } from './credential-store.ts';
import { serverOf } from './helper-credentials.ts';

/** The content of the `X-Registry-Auth` header. @see Docker Engine API v1.47, "Authentication" */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

/**
 * The credential for `registryHost` in the engine's form; undefined for a registry token, which not all
 * engines accept.
 */
export function registryAuthOf(
  credential: Credential | undefined,
  registryHost: string,
): RegistryAuth | undefined {
  const serveraddress = serverOf(registryHost);
  switch (credential?.kind) {
    case 'basic':
      return { username: credential.username, password: credential.password, serveraddress };
    case 'identityToken':
      return { identitytoken: credential.token, serveraddress };
    case 'registryToken':
    case undefined:
      return undefined;
  }
}
