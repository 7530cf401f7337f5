import type { RenderedFiles } from '@drayage/core/pipeline';
import { componentChecks } from './component-checks.ts';
import type { Finding, ReviewCheck, ReviewOptions } from './finding.ts';
import { orbFiles } from './orb-file.ts';
import { rootChecks } from './root-checks.ts';
import { stepChecks } from './step-checks.ts';

const checks: readonly ReviewCheck[] = [rootChecks, componentChecks, stepChecks];

/**
 * Checks the sources of an orb against CircleCI's review rules RC001 to RC012. Takes the sources by their
 * paths below `src/`. Empty if there are no breaches. Where the original uses the network (RC006, RC007),
 * checks only the form of the links. Pure.
 */
export function reviewOrb(sources: RenderedFiles, options: ReviewOptions): readonly Finding[] {
  const files = orbFiles(sources);
  return checks.flatMap((check) => check(files, options));
}
