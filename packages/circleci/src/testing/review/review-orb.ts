import type { RenderedFiles } from '@drayage/core/pipeline';
import { componentChecks } from './component-checks.ts';
import type { Finding, ReviewCheck, ReviewOptions } from './finding.ts';
import { orbFiles } from './orb-file.ts';
import { rootChecks } from './root-checks.ts';
import { stepChecks } from './step-checks.ts';

const checks: readonly ReviewCheck[] = [rootChecks, componentChecks, stepChecks];

/**
 * What breaks the rules of CircleCI's review of orbs, RC001 to RC012, in the sources of an orb, given by
 * their paths below `src/`. Empty when nothing does. Where the original asks the network (RC006, RC007) only
 * the form of the links is checked. Pure.
 */
export function reviewOrb(sources: RenderedFiles, options: ReviewOptions): readonly Finding[] {
  const files = orbFiles(sources);
  return checks.flatMap((check) => check(files, options));
}
