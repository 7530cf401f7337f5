import type { DiscoveryContext } from '../context.ts';
import { expand, type Lookup } from '../variables/expand.ts';
import { listOf, member, scalarIn, type YamlMapping, type YamlNode, type YamlScalar } from '../yaml/tree.ts';
import type { GitlabJob } from './jobs.ts';
import { matrixCombinations } from './matrix.ts';
import { resolveReferences } from './references.ts';
import { gitlabDialect, jobVariables, ruleVariables } from './variables.ts';

export interface PipelineReport {
  readonly pipeline: YamlMapping;
  readonly jobs: readonly GitlabJob[];
  readonly context: DiscoveryContext;
}

type ImageKey = 'image' | 'services';

/** Adds the images of a job, for every instance that its matrix makes. */
export function reportJobImages(job: GitlabJob, report: PipelineReport): void {
  const { env } = report.context.options;
  const ownName = env['GITLAB_CI'] === 'true' ? env['CI_JOB_NAME'] : undefined;
  const ownJob = report.jobs.find(({ name }) => name === ownName);
  const sources = {
    env,
    global: member(report.pipeline, 'variables'),
    ownJob: member(ownJob?.fields, 'variables'),
  };
  for (const key of ['image', 'services'] as const) {
    const chosen = effective(job, key, report);
    for (const matrix of matrixCombinations(job.fields)) {
      const lookup = jobVariables(job, matrix, sources);
      for (const node of chosen.nodes) {
        reportImage(node, { job, what: chosen.what, lookup, report });
      }
    }
  }
}

/** The job's own, else the default, unless the job refuses that. @see GitLab CI/CD YAML syntax reference, `inherit:default` */
function effective(
  { name, fields }: GitlabJob,
  key: ImageKey,
  { pipeline, context: { findings } }: PipelineReport,
): { readonly what: string; readonly nodes: readonly YamlNode[] } {
  const own = member(fields, key);
  if (own !== undefined) return { what: `job ${name}, ${key}`, nodes: imagesOf(own, key) };
  const what = `default, ${key}`;
  const wish = member(fields, 'inherit', 'default');
  const isWanted = listOf(wish).some((item) => item.kind === 'scalar' && [key, 'true'].includes(item.text));
  const node = member(pipeline, 'default', key) ?? member(pipeline, key);
  if (node === undefined || (wish !== undefined && !isWanted)) return { what, nodes: [] };
  return { what, nodes: imagesOf(resolveReferences(node, { root: pipeline, findings, what }), key) };
}

/** `image` is one image, and a list of them a mistake that is told later. */
function imagesOf(node: YamlNode | undefined, key: ImageKey): readonly YamlNode[] {
  if (node === undefined) return [];
  return key === 'image' ? [node] : listOf(node);
}

interface JobImage {
  readonly job: GitlabJob;
  readonly what: string;
  readonly lookup: Lookup;
  readonly report: PipelineReport;
}

function reportImage(node: YamlNode, { job, what, lookup, report }: JobImage): void {
  const { findings } = report.context;
  const name = node.kind === 'scalar' ? node : scalarIn(node, 'name');
  if (name === undefined) {
    const hint = 'Write the image as text, or under "name".';
    findings.addProblem({ place: node.place, what, reason: 'it names no image', hint });
    return;
  }
  const { text, issues, used } = expand(name.text, gitlabDialect, lookup);
  const changing = [...ruleVariables(job, report.pipeline)].filter((variable) => used.has(variable));
  if (changing.length > 0) {
    const reason = `rules may set ${changing.join(', ')} otherwise, and were not evaluated`;
    const hint = 'Name the images of the other cases as well.';
    findings.addProblem({ place: name.place, what, reason, hint, severity: 'warning' });
  }
  const platform = platformOf(node, lookup);
  findings.addImage({ text, place: name.place, what, issues: [...(name.issues ?? []), ...issues], platform });
}

/** @see GitLab CI/CD YAML syntax reference, `image:docker` */
function platformOf(node: YamlNode, lookup: Lookup): string | undefined {
  const platform: YamlScalar | undefined = scalarIn(node, 'docker', 'platform');
  return platform === undefined ? undefined : expand(platform.text, gitlabDialect, lookup).text;
}
