import type { CredentialStore } from './credential-store.ts';
import type { HelperCredentials } from './helper-credentials.ts';
import { helperFor, loginFor, type LoginDocument } from './login-document.ts';
import { createLoginFile } from './login-file.ts';

/**
 * The credentials in the `auths` of a docker config file. Reads the file again after a change, such as by
 * `docker login`. A missing file has no credentials. Keys match exactly after canonicalisation, because a
 * prefix match would give one host's password to another. Ignores credential helpers.
 * @throws DrayError `CREDENTIALS_INVALID` from `find`, naming the file and the key; does not check other
 * hosts' entries
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function createDockerConfigCredentials(path: string): CredentialStore {
  const file = createLoginFile(path);
  return documentCredentials(() => file.read());
}

export interface DocumentCredentialOptions {
  /** Asks credential helpers; absent: ignore them. */
  readonly helpers?: HelperCredentials;
  /** Keys of `auths` can name part of a registry. */
  readonly hasScopedKeys?: boolean;
}

/**
 * The credentials of a document, in docker's order: the helper for the host, else the helper for all hosts,
 * else `auths`.
 */
export function documentCredentials(
  load: () => Promise<LoginDocument | undefined>,
  { helpers, hasScopedKeys = false }: DocumentCredentialOptions = {},
): CredentialStore {
  return {
    async find(registryHost, repository) {
      const document = await load();
      if (document === undefined) return undefined;
      const helper = helpers === undefined ? undefined : helperFor(document, registryHost);
      const kept = helper === undefined ? undefined : await helpers?.ask(helper, registryHost);
      return kept ?? loginFor(document, registryHost, hasScopedKeys ? repository : undefined);
    },
  };
}
