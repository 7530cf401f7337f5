/** A secret for one registry, and where it was found. */
export type Credential = CredentialSecret & {
  /** Where it was found, for messages: `auths["ghcr.io"] in /home/me/.docker/config.json`. Nothing secret. */
  readonly source: string;
};

export type CredentialSecret =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, exchanged for an access token per repository. */
  | { readonly kind: 'identityToken'; readonly token: string }
  /** A bearer token, sent to the registry as it is. */
  | { readonly kind: 'registryToken'; readonly token: string };

/** Where credentials come from. Stores can be put in front of each other: see {@link firstCredentials}. */
export interface CredentialStore {
  /**
   * The credential for `registryHost` (`host[:port]`, `docker.io` for Docker Hub), or undefined when there is
   * none. Some stores have credentials for a part of a registry: they need to know the repository.
   * @throws DrayError `CREDENTIALS_INVALID` when there is one that cannot be read
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

/** A store that knows nothing: every registry is used anonymously. */
export const noCredentials: CredentialStore = { find: () => Promise.resolve(undefined) };

/** What the first of `stores` finds that finds something. */
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
