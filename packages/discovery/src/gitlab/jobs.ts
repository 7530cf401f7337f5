import { entriesOf, pick, type Place, type YamlMapping } from '../yaml/tree.ts';
import { resolveReferences, type ReferenceScope } from './references.ts';

/** A visible job, with `extends` merged and references resolved. */
export interface GitlabJob {
  readonly name: string;
  readonly place: Place;
  readonly fields: YamlMapping;
}

/** @see GitLab CI/CD YAML syntax reference, "Global keywords" */
const globalKeywords: ReadonlySet<string> = new Set([
  'after_script',
  'before_script',
  'cache',
  'default',
  'image',
  'include',
  'services',
  'spec',
  'stages',
  'types',
  'variables',
  'workflow',
]);

const fieldsThatMatter = [
  'extends',
  'image',
  'inherit',
  'parallel',
  'rules',
  'services',
  'stage',
  'trigger',
  'variables',
];

/**
 * The jobs of a pipeline without the hidden ones. As in GitLab, `extends` comes first and `!reference`
 * after it.
 */
export function pipelineJobs(scope: ReferenceScope): readonly GitlabJob[] {
  const { pipeline, findings } = scope;
  return entriesOf(pipeline.root).flatMap(([name, { key, value }]) => {
    if (globalKeywords.has(name) || name.startsWith('.')) return [];
    const what = `job ${name}`;
    const extended = value.tag === '!reference' ? value : pipeline.job(name, what);
    const relevant = extended?.kind === 'mapping' ? pick(extended, fieldsThatMatter) : extended;
    const fields = relevant === undefined ? undefined : resolveReferences(relevant, { ...scope, what });
    if (fields?.kind === 'mapping') return [{ name, place: key, fields: pick(fields, fieldsThatMatter) }];
    findings.addProblem({
      place: key,
      what,
      reason: 'it is neither a mapping nor a keyword of GitLab',
      hint: 'Begin the name with a dot if it only holds an anchor.',
      severity: 'warning',
    });
    return [];
  });
}
