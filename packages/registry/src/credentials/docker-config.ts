import type { CredentialStore } from './credential-store.ts';
import type { HelperCredentials } from './helper-credentials.ts';
import { helperFor, loginFor, type LoginDocument } from './login-document.ts';
import { createLoginFile } from './login-file.ts';

/**
 * The credentials in the `auths` of a docker config file. A `docker login` in between counts: the file is
 * read again when it has changed. A file that is not there has no credentials. Keys match exactly after
 * canonicalisation, as a prefix match would hand one host's password to another. Credential helpers are not
 * asked.
 * @throws DrayError `CREDENTIALS_INVALID` from `find`, naming the file and the key; other hosts' entries are
 * not looked at
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function createDockerConfigCredentials(path: string): CredentialStore {
  const file = createLoginFile(path);
  return documentCredentials(() => file.read());
}

export interface DocumentCredentialOptions {
  /** Asks credential helpers; without it they are passed over. */
  readonly helpers?: HelperCredentials;
  /** Keys of `auths` may name a part of a registry. */
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
