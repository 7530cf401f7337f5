import type { PipelineDefinitions } from '@drayage/core';
import { examples } from './examples.ts';
import { executors } from './executors.ts';
import { installCommand } from './install-command.ts';
import { loadCommand } from './load-command.ts';
import type { Orb } from './model.ts';
import { prepullCommand } from './prepull-command.ts';
import { prepullJob } from './prepull-job.ts';
import { reportCommand } from './report-command.ts';
import { startEngineCommand } from './start-engine-command.ts';

/** Where the source of this project is. */
export const repositoryUrl = 'https://github.com/drayage/drayage';

/** The whole orb, for one version of the command line. */
export function drayageOrb(definitions: PipelineDefinitions): Orb {
  return {
    description:
      'Pulls the container images of a deployment while the tests run, and has them in the engine before its first step. When that does not work out, the deployment runs as it would without.',
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

/** How examples refer to the orb: by its major version, as RC011 wants it. */
export function orbReference({ version }: PipelineDefinitions): string {
  return `drayage/drayage@${version.split('.')[0] ?? ''}`;
}
