import type { DiscoveryContext } from '../context.ts';
import { expand } from '../variables/expand.ts';
import type { WorkMeter } from '../work-meter.ts';
import { listOf, member, scalarIn, type YamlNode } from '../yaml/tree.ts';
import type { ExtendedPipeline } from './extended-jobs.ts';
import type { GitlabJob } from './jobs.ts';
import { matrixCombinations } from './matrix.ts';
import { resolveReferences } from './references.ts';
import { gitlabDialect, jobVariables, ruleVariables } from './variables.ts';
import type { JobVariables, VariableSources } from './variables.ts';

export interface PipelineReport {
  readonly pipeline: ExtendedPipeline;
  readonly sources: VariableSources;
  readonly context: DiscoveryContext;
}

type ImageKey = 'image' | 'services';

/** Adds the images of a job, for every instance that its matrix makes. */
export function reportJobImages(job: GitlabJob, report: PipelineReport): void {
  const instances = matrixCombinations(job, report.context).map((matrix) =>
    jobVariables(job, matrix, report.sources),
  );
  const fromRules = ruleVariables(job, report.pipeline.root);
  for (const key of ['image', 'services'] as const) {
    const { what, nodes } = effective(job, key, report);
    for (const variables of instances) {
      for (const node of nodes) reportImage(node, { what, variables, fromRules, report });
    }
  }
}

/**
 * The job's own, else the default, unless the job refuses that.
 * @see GitLab CI/CD YAML syntax reference, `inherit:default`
 */
function effective(
  { name, fields }: GitlabJob,
  key: ImageKey,
  { pipeline, context: { findings, meter } }: PipelineReport,
): { readonly what: string; readonly nodes: readonly YamlNode[] } {
  const own = member(fields, key);
  if (own !== undefined) return { what: `job ${name}, ${key}`, nodes: imagesOf(own, key) };
  const what = `default, ${key}`;
  const wish = member(fields, 'inherit', 'default');
  const isWanted = listOf(wish).some((item) => item.kind === 'scalar' && [key, 'true'].includes(item.text));
  const node = member(pipeline.root, 'default', key) ?? member(pipeline.root, key);
  if (node === undefined || (wish !== undefined && !isWanted)) return { what, nodes: [] };
  return { what, nodes: imagesOf(resolveReferences(node, { pipeline, findings, meter, what }), key) };
}

/** `image` is one image; a list there is reported later. */
function imagesOf(node: YamlNode | undefined, key: ImageKey): readonly YamlNode[] {
  if (node === undefined) return [];
  return key === 'image' ? [node] : listOf(node);
}

interface JobImage {
  readonly what: string;
  readonly variables: JobVariables;
  /** The names of variables that rules may set. */
  readonly fromRules: ReadonlySet<string>;
  readonly report: PipelineReport;
}

function reportImage(node: YamlNode, { what, variables, fromRules, report }: JobImage): void {
  const { findings, meter } = report.context;
  const name = node.kind === 'scalar' ? node : scalarIn(node, 'name');
  if (name === undefined) {
    const hint = 'Write the image as text, or under "name".';
    findings.addProblem({ place: node.place, what, reason: 'it names no image', hint });
    return;
  }
  const { place } = name;
  const work = { meter, place };
  const { text, issues, used } = expand(name.text, gitlabDialect, variables(work), work);
  const changing = [...used].filter((variable) => fromRules.has(variable));
  if (changing.length > 0) {
    const reason = `rules may change ${changing.join(', ')}, and were not evaluated`;
    const hint = 'Name the images of the other cases as well.';
    findings.addProblem({ place, what, reason, hint, severity: 'warning' });
  }
  const platform = platformOf(node, variables, meter);
  findings.addImage({ text, place, what, issues: [...(name.issues ?? []), ...issues], platform });
}

/** @see GitLab CI/CD YAML syntax reference, `image:docker` */
function platformOf(node: YamlNode, variables: JobVariables, meter: WorkMeter): string | undefined {
  const platform = scalarIn(node, 'docker', 'platform');
  if (platform === undefined) return undefined;
  const work = { meter, place: platform.place };
  return expand(platform.text, gitlabDialect, variables(work), work).text;
}
