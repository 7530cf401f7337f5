import { isDrayError, type DrayError } from '@drayage/core';
import type { CredentialProblem } from './credential-store.ts';
import type { HelperCredentials } from './helper-credentials.ts';

/** Helpers that may fail: the registry is then asked without what they keep. */
export interface TolerantHelpers extends HelperCredentials {
  /** Why a helper that is set up for the host gave nothing when it was asked last. */
  problemOf(registryHost: string): CredentialProblem | undefined;
}

/**
 * As the docker client does, a helper that is not installed or fails counts as one that keeps nothing.
 * `onFailure` gets each failure once, with an error that names helper, host and setting.
 */
export function tolerantHelpers(
  helpers: HelperCredentials,
  onFailure: (error: DrayError) => void,
): TolerantHelpers {
  const problems = new Map<string, Map<string, CredentialProblem>>();
  const reported = new Set<string>();
  return {
    async ask(helper, registryHost) {
      const ofHost = problems.get(registryHost) ?? new Map<string, CredentialProblem>();
      problems.set(registryHost, ofHost);
      try {
        const credential = await helpers.ask(helper, registryHost);
        ofHost.delete(helper.source);
        return credential;
      } catch (error) {
        if (!isDrayError(error, 'CREDENTIALS_INVALID')) throw error;
        ofHost.set(helper.source, { reason: String(error.details['reason']), hint: error.hint });
        if (!reported.has(error.message)) onFailure(error);
        reported.add(error.message);
        return undefined;
      }
    },
    problemOf: (registryHost) => problems.get(registryHost)?.values().next().value,
  };
}
