// Written by hand: logins come from Docker, Podman, helpers, GitLab and variables, in the order that engines
// use.
import { join } from 'node:path';
import type { DrayError } from '@drayage/core';
import { firstCredentials, type CredentialStore } from './credential-store.ts';
import { documentCredentials, type DocumentCredentialOptions } from './docker-config.ts';
import { createHelperCredentials } from './helper-credentials.ts';
import { parseLoginDocument } from './login-document.ts';
import { createLoginFile } from './login-file.ts';
import { createHelperRunner, type RunHelper } from './run-helper.ts';
import { tolerantHelpers } from './tolerant-helpers.ts';
import { gitlabLogins, variableCredentials } from './variable-credentials.ts';

export interface CredentialsOptions {
  /**
   * `DOCKER_AUTH_CONFIG`, `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME` and
   * GitLab's logins are read.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Default runs the program with `env`. */
  readonly runHelper?: RunHelper;
  /** Receives each failure of a helper once. */
  readonly onHelperFailure?: (error: DrayError) => void;
}

/**
 * The credentials that the tools on this machine would use. The first match counts: `DOCKER_AUTH_CONFIG`, the
 * docker client's config file with its helpers, podman's auth files, the logins in GitLab's variables. Reads
 * files and runs helpers when a registry asks for a login, and reads files again after a change. A missing or
 * failing helper counts as one without credentials.
 * @throws DrayError `CREDENTIALS_INVALID` from `find`, naming the unusable source
 */
export function createCredentials(options: CredentialsOptions): CredentialStore {
  const {
    env,
    homeDir,
    runHelper = createHelperRunner({ env }),
    onHelperFailure = () => undefined,
  } = options;
  const helpers = tolerantHelpers(createHelperCredentials(runHelper), onHelperFailure);
  const fromFile = (path: string, more: DocumentCredentialOptions): CredentialStore => {
    const file = createLoginFile(path);
    return documentCredentials(() => file.read(), more);
  };
  const { DOCKER_AUTH_CONFIG: text = '' } = env;
  const places = firstCredentials([
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
  return { ...places, problemOf: (registryHost) => helpers.problemOf(registryHost) };
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
