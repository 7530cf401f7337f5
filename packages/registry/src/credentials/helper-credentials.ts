import { DrayError, isObject, printable } from '@drayage/core';
import { canonicalHost } from '../hosts.ts';
import type { Credential } from './credential-store.ts';
import type { NamedHelper } from './login-document.ts';
import type { HelperOutcome, RunHelper } from './run-helper.ts';

/** Asks credential helpers for credentials. */
export interface HelperCredentials {
  /**
   * The helper's credential for the host, or undefined.
   * @throws DrayError `CREDENTIALS_INVALID` that names helper, host and setting, but never the helper's
   * output
   */
  ask(helper: NamedHelper, registryHost: string): Promise<Credential | undefined>;
}

// Pulls ask for many repositories of one registry at once, and passwords of cloud registries last for
// minutes at the least.
const keptForMs = 60_000;

const notFoundMessage = 'credentials not found in native keychain';

/**
 * Helpers with docker's protocol. Caches answers for a minute, so that a pull of many repositories runs the
 * program once and a long pull gets fresh passwords.
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export function createHelperCredentials(run: RunHelper, now: () => number = Date.now): HelperCredentials {
  const answers = new Map<
    string,
    { readonly until: number; readonly credential: Promise<Credential | undefined> }
  >();
  return {
    async ask(helper, registryHost) {
      const server = serverOf(registryHost);
      const key = `${helper.name} ${server}`;
      const known = answers.get(key);
      if (known !== undefined && now() < known.until) return known.credential;
      // A failure is kept, too: a helper that hangs would hold up each repository.
      const credential = askOnce(run, helper, server);
      answers.set(key, { until: now() + keptForMs, credential });
      return credential;
    },
  };
}

/** The docker client's key for a registry's credentials. */
export function serverOf(registryHost: string): string {
  return canonicalHost(registryHost) === 'docker.io' ? 'https://index.docker.io/v1/' : registryHost;
}

async function askOnce(run: RunHelper, helper: NamedHelper, server: string): Promise<Credential | undefined> {
  // The name becomes part of a program name, so it must not contain a path.
  if (!/^[A-Za-z0-9_.-]+$/.test(helper.name)) {
    throw failure(
      helper,
      server,
      `${helper.source} names an invalid helper: "${printable(helper.name, 60)}"`,
    );
  }
  const program = `docker-credential-${helper.name}`;
  const outcome = await run(program, server);
  if (outcome.kind === 'exited' && outcome.output.includes(notFoundMessage)) return undefined;
  if (outcome.kind !== 'exited' || outcome.exitCode !== 0) {
    throw failure(helper, server, `${program}, named by ${helper.source}, ${ending(outcome)}`);
  }
  const answer = parseAnswer(outcome.output);
  if (answer === undefined) {
    throw failure(helper, server, `${program}, named by ${helper.source}, gave no user name and secret`);
  }
  const { username, secret } = answer;
  const source = `${program} (${helper.source})`;
  if (username === '<token>') return { kind: 'identityToken', token: secret, source };
  return username === '' && secret === '' ? undefined : { kind: 'basic', username, password: secret, source };
}

function ending(outcome: HelperOutcome): string {
  if (outcome.kind === 'missing') return 'is not installed';
  return outcome.kind === 'failed'
    ? `failed: ${outcome.reason}`
    : `ended with status ${String(outcome.exitCode)}`;
}

function failure(helper: NamedHelper, server: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot get credentials for ${server}: ${reason}`, {
    hint: `Make "echo ${server} | docker-credential-${printable(helper.name, 60)} get" work, or remove the helper from the config file.`,
    details: { helper: printable(helper.name, 60), server, setting: helper.source, reason },
  });
}

// Messages must not contain the output, nor the parser's error, which quotes it.
function parseAnswer(output: string): { username: string; secret: string } | undefined {
  try {
    const answer: unknown = JSON.parse(output);
    if (!isObject(answer)) return undefined;
    const { Username: username, Secret: secret } = answer;
    return typeof username === 'string' && typeof secret === 'string' ? { username, secret } : undefined;
  } catch {
    return undefined;
  }
}
