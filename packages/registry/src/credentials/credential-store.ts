/** A secret for one registry, and its source. */
export type Credential = CredentialSecret & {
  /** The source, for messages: `auths["ghcr.io"] in /home/me/.docker/config.json`. Contains no secret. */
  readonly source: string;
};

export type CredentialSecret =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, exchanged for an access token per repository. */
  | { readonly kind: 'identityToken'; readonly token: string }
  /** A bearer token, sent to the registry unchanged. */
  | { readonly kind: 'registryToken'; readonly token: string };

/** A source of credentials. Stores can be combined: see {@link firstCredentials}. */
export interface CredentialStore {
  /**
   * The credential for `registryHost` (`host[:port]`, `docker.io` for Docker Hub), or undefined if there is
   * none. Some stores have credentials for part of a registry, and need the repository.
   * @throws DrayError `CREDENTIALS_INVALID` if the credential cannot be read
   */
  find(registryHost: string, repository?: string): Promise<Credential | undefined>;

  /** What kept the last {@link find} for the registry from a credential that is set up. */
  problemOf?(registryHost: string): CredentialProblem | undefined;
}

/** Why a credential that is set up could not be got. Nothing secret. */
export interface CredentialProblem {
  /** `docker-credential-ecr, named by credsStore in …, is not installed`. */
  readonly reason: string;
  readonly hint: string | undefined;
}

/** An empty store: uses every registry anonymously. */
export const noCredentials: CredentialStore = { find: () => Promise.resolve(undefined) };

/** The first credential found in `stores`. */
export function firstCredentials(stores: readonly CredentialStore[]): CredentialStore {
  return {
    async find(registryHost, repository) {
      for (const store of stores) {
        const found = await store.find(registryHost, repository);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
