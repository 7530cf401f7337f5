import type { PipelineDefinitions } from '@drayage/core/pipeline';
import { examples } from './examples.ts';
import { executors } from './executors.ts';
import { installCommand } from './install-command.ts';
import { loadCommand } from './load-command.ts';
import type { Orb } from './model.ts';
import { prepullCommand } from './prepull-command.ts';
import { prepullJob } from './prepull-job.ts';
import { reportCommand } from './report-command.ts';
import { startEngineCommand } from './start-engine-command.ts';

/** The source repository. */
export const repositoryUrl = 'https://github.com/drayage/drayage';

/** The orb for one version of the command line. */
export function drayageOrb(definitions: PipelineDefinitions): Orb {
  return {
    description:
      'Pulls the container images of a deployment while the tests run, and delivers them to its engine before its first step. If that fails, the deployment pulls them itself, as it would without the orb.',
    homeUrl: repositoryUrl,
    sourceUrl: repositoryUrl,
    commands: {
      install: installCommand(definitions),
      prepull: prepullCommand(definitions),
      load: loadCommand(definitions),
      start_engine: startEngineCommand(definitions),
      report: reportCommand(definitions),
    },
    jobs: { prepull: prepullJob(definitions) },
    executors,
    examples: examples(orbReference(definitions)),
  };
}

/** The reference to the orb in examples: by its major version, which RC011 requires. */
export function orbReference({ version }: PipelineDefinitions): string {
  return `drayage/drayage@${version.split('.')[0] ?? ''}`;
}
