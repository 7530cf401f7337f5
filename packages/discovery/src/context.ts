import { isDrayError } from '@drayage/core';
import type { DiscoverOptions } from './discovery.ts';
import type { Findings } from './findings.ts';
import type { SourceFile, SourceFiles } from './source-files.ts';
import type { Place } from './yaml/tree.ts';

/** What every reader gets. */
export interface DiscoveryContext {
  readonly options: DiscoverOptions;
  readonly findings: Findings;
  readonly files: SourceFiles;
}

/** Reads one file of its kind, and those that it includes, into the findings. @throws DrayError `DISCOVERY_FAILED`, `ABORTED` */
export type Reader = (source: SourceFile, context: DiscoveryContext) => Promise<void>;

/** What `run` resolves with; a file of the user's that cannot be read or parsed becomes a problem of whoever names it, and undefined. */
export async function attempt<T>(
  { findings }: DiscoveryContext,
  who: { readonly place: Place; readonly what: string },
  run: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!isDrayError(error, 'DISCOVERY_FAILED')) throw error;
    findings.addProblem({ ...who, reason: error.message, hint: error.hint });
    return undefined;
  }
}
