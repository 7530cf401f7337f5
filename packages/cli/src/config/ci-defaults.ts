import { detectCiSystem } from '@drayage/ci';
import { UsageError } from '@drayage/core';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** The value of an option that leaves the choice to the definition of the CI system. */
export const automatic = 'auto';

/** The configuration of a run, and what could not be chosen. */
export interface ChosenConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * Replaces the values `auto`. `handover`: the usual location of the CI system; undefined, the bundle
 * directory itself, if the system carries it from job to job. `export`: undefined if steps of a job share no
 * variables. Pure.
 * @throws UsageError `USAGE` if the CI system is unknown
 */
export function withCiDefaults(config: Config, env: Host['env']): ChosenConfig {
  const system = detectCiSystem(env);
  const isLost = config.exportFile === automatic && system.exportTo(env) === undefined;
  const chosen = {
    ...config,
    ...(isLost ? { exportFile: undefined } : {}),
    ...(config.handover === automatic ? { handover: system.handover(env) } : {}),
  };
  if (config.handover === automatic && system.id === 'plain') {
    throw new UsageError('USAGE', 'cannot choose a handover location: the CI system is unknown', {
      hint: 'Pass --handover with a directory or URL.',
    });
  }
  const warning = `--export: steps of ${system.name} share no variables; use eval "$(dray …)" instead`;
  return { config: chosen, warnings: isLost ? [warning] : [] };
}
