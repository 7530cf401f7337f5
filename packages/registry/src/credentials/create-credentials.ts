// By hand: logins come from Docker, Podman, helpers, GitLab and variables, in the order that the engines use.
import { join } from 'node:path';
import { firstCredentials, type CredentialStore } from './credential-store.ts';
import { documentCredentials, type DocumentCredentialOptions } from './docker-config.ts';
import { createHelperCredentials } from './helper-credentials.ts';
import { parseLoginDocument } from './login-document.ts';
import { createLoginFile } from './login-file.ts';
import { createHelperRunner, type RunHelper } from './run-helper.ts';
import { gitlabLogins, variableCredentials } from './variable-credentials.ts';

export interface CredentialsOptions {
  /**
   * `DOCKER_AUTH_CONFIG`, `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME` and
   * GitLab's logins are looked at.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Default runs the program with `env`. */
  readonly runHelper?: RunHelper;
}

/**
 * The credentials that the tools on this machine would use, the first that fits: `DOCKER_AUTH_CONFIG`, the
 * docker client's config file with its helpers, podman's auth files, the logins in GitLab's variables. Files
 * are read and helpers run when a registry asks for a login, files again after they have changed.
 * @throws DrayError `CREDENTIALS_INVALID` from `find`, naming what cannot be used
 */
export function createCredentials({ env, homeDir, runHelper }: CredentialsOptions): CredentialStore {
  const helpers = createHelperCredentials(runHelper ?? createHelperRunner({ env }));
  const fromFile = (path: string, options: DocumentCredentialOptions): CredentialStore => {
    const file = createLoginFile(path);
    return documentCredentials(() => file.read(), options);
  };
  const { DOCKER_AUTH_CONFIG: text = '' } = env;
  return firstCredentials([
    documentCredentials(
      async () => (text === '' ? undefined : parseLoginDocument(text, 'DOCKER_AUTH_CONFIG')),
      {
        helpers,
      },
    ),
    fromFile(dockerConfigFile(env, homeDir), { helpers }),
    ...podmanAuthFiles(env, homeDir).map((path) => fromFile(path, { helpers, hasScopedKeys: true })),
    ...gitlabLogins.map((names) => variableCredentials(names, env)),
  ]);
}

function dockerConfigFile(env: CredentialsOptions['env'], homeDir: string): string {
  const { DOCKER_CONFIG: directory = '' } = env;
  return join(directory === '' ? join(homeDir, '.docker') : directory, 'config.json');
}

/** @see containers-auth.json(5) */
function podmanAuthFiles(env: CredentialsOptions['env'], homeDir: string): readonly string[] {
  const { REGISTRY_AUTH_FILE: named = '', XDG_RUNTIME_DIR: runtime = '', XDG_CONFIG_HOME: config = '' } = env;
  if (named !== '') return [named];
  const directories = [runtime, config === '' ? join(homeDir, '.config') : config];
  return directories.flatMap((directory) =>
    directory === '' ? [] : [join(directory, 'containers', 'auth.json')],
  );
}
