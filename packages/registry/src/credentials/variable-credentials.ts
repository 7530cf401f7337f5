import { canonicalHost } from '../hosts.ts';
import type { CredentialStore } from './credential-store.ts';

/** The names of variables with a host and its login. */
export interface LoginVariables {
  readonly server: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The logins that GitLab gives to every job.
 * @see https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export const gitlabLogins: readonly LoginVariables[] = [
  { server: 'CI_REGISTRY', username: 'CI_REGISTRY_USER', password: 'CI_REGISTRY_PASSWORD' },
  {
    server: 'CI_DEPENDENCY_PROXY_SERVER',
    username: 'CI_DEPENDENCY_PROXY_USER',
    password: 'CI_DEPENDENCY_PROXY_PASSWORD',
  },
];

/** The credential in three variables; undefined unless all are set. */
export function variableCredentials(
  names: LoginVariables,
  env: Readonly<Record<string, string | undefined>>,
): CredentialStore {
  const [server = '', username = '', password = ''] = [names.server, names.username, names.password].map(
    (name) => env[name],
  );
  const source = `${names.username} and ${names.password}`;
  const isWhole = server !== '' && username !== '' && password !== '';
  return {
    find: async (registryHost) =>
      isWhole && comparable(server) === comparable(registryHost)
        ? { kind: 'basic', username, password, source }
        : undefined,
  };
}

// CI_DEPENDENCY_PROXY_SERVER includes the port.
function comparable(host: string): string {
  return canonicalHost(host).replace(/:443$/, '');
}
