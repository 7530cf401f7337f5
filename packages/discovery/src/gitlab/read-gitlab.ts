import { attempt, type DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { listOf, member, type YamlNode } from '../yaml/tree.ts';
import { extendPipeline } from './extended-jobs.ts';
import { givenInputs, type InputValues } from './inputs.ts';
import { reportJobImages } from './job-images.ts';
import { pipelineJobs, type GitlabJob } from './jobs.ts';
import { loadPipeline, localPattern, reportForeign } from './load-pipeline.ts';
import { localPaths, repositoryRoot } from './local-paths.ts';
import { variableSources } from './variables.ts';

/**
 * Reads a GitLab pipeline: `image` and `services` of every visible job, also of child pipelines whose files
 * are in the repository. Rules are not evaluated: every job counts.
 * @see GitLab CI/CD YAML syntax reference (17 and 18)
 */
export async function readGitlab(source: SourceFile, context: DiscoveryContext): Promise<void> {
  const root = await repositoryRoot(source.path, context.options.env['CI_PROJECT_DIR']);
  await readPipeline(source, new Map(), { context, root, seen: new Set([source.path]) });
}

interface Run {
  readonly context: DiscoveryContext;
  readonly root: string;
  /** Files of pipelines that were read: a pipeline may trigger itself. */
  readonly seen: Set<string>;
}

async function readPipeline(source: SourceFile, inputs: InputValues, run: Run): Promise<void> {
  const { context, root } = run;
  const loaded = await loadPipeline(source, inputs, context, { root, chain: [] });
  const { findings, meter } = context;
  const pipeline = extendPipeline(loaded, context);
  const jobs = pipelineJobs({ pipeline, findings, meter, what: 'pipeline' });
  const sources = variableSources(loaded, jobs, context.options.env);
  for (const job of jobs) {
    const trigger = member(job.fields, 'trigger');
    if (trigger === undefined) reportJobImages(job, { pipeline, sources, context });
    else await followTrigger(job, trigger, run);
  }
}

/** @see GitLab CI/CD YAML syntax reference, `trigger:include` */
async function followTrigger(job: GitlabJob, trigger: YamlNode, run: Run): Promise<void> {
  const { context, root, seen } = run;
  for (const entry of listOf(member(trigger, 'include'))) {
    const pattern = localPattern(entry);
    if (pattern === undefined) {
      reportForeign(entry, context);
      continue;
    }
    const who = { place: entry.place, what: `job ${job.name}, trigger` };
    for (const file of await localPaths(root, pattern, context.options.signal)) {
      if (seen.has(file)) continue;
      seen.add(file);
      await attempt(context, who, async () =>
        readPipeline(await context.files.read(file), givenInputs(entry), run),
      );
    }
  }
}
