import { expand, type Dialect, type Lookup, type VariableValue } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import type { Work } from '../work-meter.ts';
import { entriesOf, listOf, member, scalarIn, textIn } from '../yaml/tree.ts';
import type { Place, YamlNode } from '../yaml/tree.ts';
import type { GitlabJob } from './jobs.ts';

/** How the runner expands `image` and `services`. @see GitLab CI/CD, "Where variables can be used" */
export const gitlabDialect: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: [],
  isStrict: false,
  hint: (name) => `Set ${name} under variables:, or in the environment.`,
};

/** A variable before its own variables are replaced. */
interface Written {
  readonly text: string;
  /** A raw value is not expanded. */
  readonly isRaw: boolean;
  /** Undefined for variables of the environment and of a matrix. */
  readonly place?: Place | undefined;
}

type Variables = ReadonlyMap<string, Written>;

/** What all jobs of a pipeline share. */
export interface VariableSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The pipeline's own `variables`. */
  readonly global: Variables;
  /** `variables` of the job in which this process runs, when that is known. */
  readonly ownJob: Variables;
}

/** The sources of a pipeline's variables. `env` names the own job, if this is a job of GitLab. */
export function variableSources(
  root: YamlNode,
  jobs: readonly GitlabJob[],
  env: VariableSources['env'],
): VariableSources {
  const ownName = env['GITLAB_CI'] === 'true' ? env['CI_JOB_NAME'] : undefined;
  const ownJob = jobs.find(({ name }) => name === ownName);
  return {
    env,
    global: readVariables(member(root, 'variables')),
    ownJob: readVariables(member(ownJob?.fields, 'variables')),
  };
}

/** The variables of one instance of a job, for a text at a place. */
export type JobVariables = (work: Work) => Lookup;

/**
 * The variables of a job. A matrix wins over the job, the job over the pipeline, the pipeline over the
 * environment.
 *
 * In a GitLab job the environment holds the pipeline's variables as GitLab computed them, project settings
 * and manual input included. There it wins over the file, except for variables of the own job. Variables
 * about the own job (`CI_JOB_…`) do not apply to other jobs.
 */
export function jobVariables(
  job: GitlabJob,
  matrix: ReadonlyMap<string, string>,
  { global: allGlobal, ownJob, ...sources }: VariableSources,
): JobVariables {
  const env = recordLookup(sources.env);
  const own = readVariables(member(job.fields, 'variables'));
  const isInherited = inheritance(job);
  const ofThisJob = aboutJob(job);
  const written = (name: string): Written | undefined => {
    const given = matrix.get(name);
    if (given !== undefined) return { text: given, isRaw: false };
    if (own.has(name)) return own.get(name);
    const outer = isInherited(name) ? allGlobal.get(name) : undefined;
    const computed = env('GITLAB_CI')?.text === 'true' && !ownJob.has(name) ? env(name)?.text : undefined;
    if (outer !== undefined) return computed === undefined ? outer : { text: computed, isRaw: true };
    if (/^CI_(JOB|ENVIRONMENT|NODE)_/.test(name)) return raw(ofThisJob.get(name));
    return raw(env(name)?.text);
  };
  const known = new Map<string, VariableValue | undefined>();
  return (work) => recursive(written, known, work);
}

/** Deeper chains of variables could exhaust the stack. */
const maxDepth = 100;

/** Values may hold variables themselves; each value is expanded once. */
function recursive(
  written: (name: string) => Written | undefined,
  known: Map<string, VariableValue | undefined>,
  { meter, place }: Work,
): Lookup {
  const chain: string[] = [];
  const lookup: Lookup = (name) => {
    if (known.has(name)) return known.get(name);
    const value = written(name);
    if (value === undefined || value.isRaw || !value.text.includes('$')) return value;
    const fault = chainFault(name, chain);
    if (fault !== undefined) return { text: '', issues: [{ severity: 'error', reason: fault }] };
    chain.push(name);
    const expanded = expand(value.text, gitlabDialect, lookup, { meter, place: value.place ?? place });
    chain.pop();
    known.set(name, expanded);
    return expanded;
  };
  return lookup;
}

function chainFault(name: string, chain: readonly string[]): string | undefined {
  const start = chain.indexOf(name);
  if (start >= 0) return `variables form a circle: ${[...chain.slice(start), name].join(' → ')}`;
  if (chain.length < maxDepth) return undefined;
  return `the variable "${name}" is nested more than ${String(maxDepth)} variables deep`;
}

function raw(text: string | undefined): Written | undefined {
  return text === undefined ? undefined : { text, isRaw: true };
}

/** `NAME: value` and `NAME: {value, expand}`. */
function readVariables(node: YamlNode | undefined): Variables {
  const variables = new Map<string, Written>();
  for (const [name, { value }] of entriesOf(node)) {
    const scalar = value.kind === 'scalar' ? value : scalarIn(value, 'value');
    const isRaw = textIn(value, 'expand') === 'false';
    if (scalar !== undefined) variables.set(name, { text: scalar.text, isRaw, place: scalar.place });
  }
  return variables;
}

/** Which global variables a job sees. @see GitLab CI/CD YAML syntax reference, `inherit:variables` */
function inheritance({ fields }: GitlabJob): (name: string) => boolean {
  const wish = member(fields, 'inherit', 'variables');
  if (wish === undefined || (wish.kind === 'scalar' && wish.text === 'true')) return () => true;
  const names = new Set(listOf(wish).flatMap((item) => (item.kind === 'scalar' ? [item.text] : [])));
  return (name) => names.has(name);
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
