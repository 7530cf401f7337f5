import { expand, type Dialect, type Lookup, type VariableValue } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { entriesOf, listOf, member, textIn, type YamlNode } from '../yaml/tree.ts';
import type { GitlabJob } from './jobs.ts';

/** How the runner expands `image` and `services`. @see GitLab CI/CD, "Where variables can be used" */
export const gitlabDialect: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: [],
  isStrict: false,
  hint: (name) => `Set ${name} under variables:, or in the environment.`,
};

/** A variable as the YAML has it. */
interface Written {
  readonly text: string;
  readonly isRaw: boolean;
}

type Variables = ReadonlyMap<string, Written>;

export interface VariableSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The pipeline's own `variables`. */
  readonly global: YamlNode | undefined;
  /** `variables` of the job that we run in, when that is known. */
  readonly ownJob: YamlNode | undefined;
}

/**
 * The variables of a job: those of a matrix win over the job's, these over the pipeline's, these over the environment.
 *
 * In a GitLab job the environment holds the pipeline's variables as GitLab computed them, project settings and manual input included, so
 * there it wins over what the file says, except for variables that our own job sets for itself. What describes our own job (`CI_JOB_…`)
 * says nothing about others.
 */
export function jobVariables(
  job: GitlabJob,
  matrix: ReadonlyMap<string, string>,
  sources: VariableSources,
): Lookup {
  const env = recordLookup(sources.env);
  const own = readVariables(member(job.fields, 'variables'));
  const global = inheritedVariables(job, readVariables(sources.global));
  const ofOurJob = readVariables(sources.ownJob);
  const ofThisJob = aboutJob(job);
  const written = (name: string): Written | undefined => {
    const given = matrix.get(name);
    if (given !== undefined) return { text: given, isRaw: false };
    if (own.has(name)) return own.get(name);
    const outer = global.get(name);
    const computed = env('GITLAB_CI')?.text === 'true' && !ofOurJob.has(name) ? env(name)?.text : undefined;
    if (outer !== undefined) return computed === undefined ? outer : { text: computed, isRaw: true };
    if (/^CI_(JOB|ENVIRONMENT|NODE)_/.test(name)) return raw(ofThisJob.get(name));
    return raw(env(name)?.text);
  };
  return recursive(written, []);
}

/** Values may hold variables themselves. */
function recursive(written: (name: string) => Written | undefined, chain: readonly string[]): Lookup {
  return (name): VariableValue | undefined => {
    const value = written(name);
    if (value === undefined || value.isRaw || !value.text.includes('$')) return value;
    if (chain.includes(name)) {
      const circle = [...chain.slice(chain.indexOf(name)), name].join(' → ');
      const issue = { severity: 'error' as const, reason: `variables go round in a circle: ${circle}` };
      return { text: '', issues: [issue] };
    }
    return expand(value.text, gitlabDialect, recursive(written, [...chain, name]));
  };
}

function raw(text: string | undefined): Written | undefined {
  return text === undefined ? undefined : { text, isRaw: true };
}

/** `NAME: value` and `NAME: {value, expand}`. */
function readVariables(node: YamlNode | undefined): Variables {
  const variables = new Map<string, Written>();
  for (const [name, { value }] of entriesOf(node)) {
    const text = value.kind === 'scalar' ? value.text : textIn(value, 'value');
    if (text !== undefined) variables.set(name, { text, isRaw: textIn(value, 'expand') === 'false' });
  }
  return variables;
}

/** @see GitLab CI/CD YAML syntax reference, `inherit:variables` */
function inheritedVariables({ fields }: GitlabJob, global: Variables): Variables {
  const wish = member(fields, 'inherit', 'variables');
  if (wish === undefined || (wish.kind === 'scalar' && wish.text === 'true')) return global;
  const names = listOf(wish).flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
  return new Map([...global].filter(([name]) => names.includes(name)));
}

function aboutJob({ name, fields }: GitlabJob): ReadonlyMap<string, string> {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return new Map([
    ['CI_JOB_NAME', name],
    ['CI_JOB_NAME_SLUG', slug],
    ['CI_JOB_STAGE', textIn(fields, 'stage') ?? 'test'],
  ]);
}

/** The names of variables that rules of the job or of the whole pipeline may set. */
export function ruleVariables(job: GitlabJob, root: YamlNode): ReadonlySet<string> {
  const rules = [...listOf(member(job.fields, 'rules')), ...listOf(member(root, 'workflow', 'rules'))];
  return new Set(rules.flatMap((rule) => entriesOf(member(rule, 'variables')).map(([name]) => name)));
}
