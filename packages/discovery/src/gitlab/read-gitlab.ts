import { attempt, type DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { listOf, member, type YamlNode } from '../yaml/tree.ts';
import { givenInputs, type InputValues } from './inputs.ts';
import { reportJobImages } from './job-images.ts';
import { pipelineJobs, type GitlabJob } from './jobs.ts';
import { loadPipeline, localPattern, reportForeign } from './load-pipeline.ts';
import { localPaths, repositoryRoot } from './local-paths.ts';

/**
 * Reads a GitLab pipeline: `image` and `services` of every job that is not hidden, also of child pipelines whose files are in the
 * repository. Rules are not evaluated: every job counts.
 * @see GitLab CI/CD YAML syntax reference (17 and 18)
 */
export async function readGitlab(source: SourceFile, context: DiscoveryContext): Promise<void> {
  const root = await repositoryRoot(source.path, context.options.env['CI_PROJECT_DIR']);
  await readPipeline(source, new Map(), { context, root, seen: new Set([source.path]) });
}

interface Run {
  readonly context: DiscoveryContext;
  readonly root: string;
  /** The files of pipelines that were read: one may trigger itself. */
  readonly seen: Set<string>;
}

async function readPipeline(source: SourceFile, inputs: InputValues, run: Run): Promise<void> {
  const { context, root } = run;
  const pipeline = await loadPipeline(source, inputs, context, { root, chain: [] });
  const jobs = pipelineJobs(pipeline, context.findings);
  for (const job of jobs) {
    const trigger = member(job.fields, 'trigger');
    if (trigger === undefined) reportJobImages(job, { pipeline, jobs, context });
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
