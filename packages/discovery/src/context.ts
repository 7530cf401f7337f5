import { isDrayError } from '@drayage/core';
import type { DiscoverOptions } from './discovery.ts';
import type { Findings } from './findings.ts';
import type { SourceFile, SourceFiles } from './source-files.ts';
import type { WorkMeter } from './work-meter.ts';
import type { Place } from './place.ts';

export interface DiscoveryContext {
  readonly options: DiscoverOptions;
  readonly findings: Findings;
  readonly files: SourceFiles;
  readonly meter: WorkMeter;
  /** `OS/ARCH[/VARIANT]` of the engine that runs and builds the images. */
  readonly enginePlatform: string;
}

/**
 * Reads one file of its kind, and the files that it includes, into the findings.
 * @throws DrayError `DISCOVERY_FAILED`, `ABORTED`
 */
export type Reader = (source: SourceFile, context: DiscoveryContext) => Promise<void>;

/** The result of `run`. A file that cannot be read or parsed becomes a problem at `who`, and undefined. */
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
