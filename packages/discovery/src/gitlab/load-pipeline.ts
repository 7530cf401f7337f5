import { attempt, type DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { expand } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { entriesOf, listOf, member, textIn, type YamlMapping, type YamlNode } from '../yaml/tree.ts';
import { givenInputs, inputValues, interpolateInputs, type InputValues } from './inputs.ts';
import { localPaths } from './local-paths.ts';
import { gitlabDialect } from './variables.ts';

/** The repository of a pipeline's files, and the chain of files that include each other, outermost first. */
export interface PipelineFiles {
  readonly root: string;
  readonly chain: readonly string[];
}

/**
 * A pipeline merged with all its includes: later files win over earlier ones, the file itself over all of
 * them.
 * @throws DrayError `DISCOVERY_FAILED`
 * @see GitLab CI/CD, "Merge method for include"
 */
export async function loadPipeline(
  source: SourceFile,
  inputs: InputValues,
  context: DiscoveryContext,
  place: PipelineFiles,
): Promise<YamlMapping> {
  const own = parsePipeline(source, inputs, context);
  let merged: YamlMapping = { ...own, entries: new Map() };
  for (const entry of listOf(member(own, 'include'))) {
    const chain = [...place.chain, source.path];
    for (const included of await includeEntry(entry, context, { ...place, chain })) {
      merged = deepMerge(merged, included, context.meter);
    }
  }
  return deepMerge(merged, own, context.meter);
}

function parsePipeline(source: SourceFile, inputs: InputValues, context: DiscoveryContext): YamlMapping {
  const { findings, meter } = context;
  const documents = parseYaml(source, context).filter((document) => document.kind === 'mapping');
  const [first, second] = documents;
  const place = { file: source.path, line: 1 };
  if (first === undefined) {
    findings.addProblem({ place, what: 'pipeline', reason: 'the file holds no mapping' });
    return { kind: 'mapping', entries: new Map(), place };
  }
  if (!first.entries.has('spec')) return first;
  const body = second ?? { ...first, entries: new Map() };
  return interpolateInputs(body, inputValues(first, inputs, findings), meter);
}

async function includeEntry(
  entry: YamlNode,
  context: DiscoveryContext,
  place: PipelineFiles,
): Promise<readonly YamlMapping[]> {
  const who = { place: entry.place, what: 'include' };
  const local = localPattern(entry);
  if (local === undefined) {
    reportForeign(entry, context);
    return [];
  }
  const { options, meter } = context;
  const work = { meter, place: entry.place };
  const { text, issues } = expand(local, gitlabDialect, recordLookup(options.env), work);
  const [issue] = issues;
  if (issue !== undefined) {
    context.findings.addProblem({ ...who, ...issue, severity: 'error' });
    return [];
  }
  const paths = await localPaths(place.root, text, context.options.signal);
  if (paths.length === 0) {
    const reason = `no file of the repository matches "${text}"`;
    context.findings.addProblem({ ...who, reason, hint: 'Local paths start at the root of the repository.' });
  }
  return await openAll(paths, entry, context, place);
}

async function openAll(
  paths: readonly string[],
  entry: YamlNode,
  context: DiscoveryContext,
  place: PipelineFiles,
): Promise<readonly YamlMapping[]> {
  const who = { place: entry.place, what: 'include' };
  const included: YamlMapping[] = [];
  for (const file of paths) {
    if (place.chain.includes(file)) {
      const circle = [...place.chain.slice(place.chain.indexOf(file)), file];
      const names = circle.map((name) => context.files.display(name)).join(' → ');
      context.findings.addProblem({ ...who, reason: `include forms a circle: ${names}` });
      continue;
    }
    const pipeline = await attempt(context, who, async () =>
      loadPipeline(await context.files.read(file), givenInputs(entry), context, place),
    );
    if (pipeline !== undefined) included.push(pipeline);
  }
  return included;
}

/** The path of an entry that names files of this repository. */
export function localPattern(entry: YamlNode): string | undefined {
  if (entry.kind === 'scalar') return /^https?:\/\//.test(entry.text) ? undefined : entry.text;
  return textIn(entry, 'local');
}

/** Reports an entry whose files are elsewhere. */
export function reportForeign(entry: YamlNode, { findings }: DiscoveryContext): void {
  const known = ['remote', 'project', 'template', 'component', 'artifact'];
  const kind = entry.kind === 'scalar' ? 'remote' : known.find((key) => member(entry, key) !== undefined);
  if (kind === undefined) {
    const keys = entriesOf(entry).map(([key]) => key);
    const reason = `this kind of include is unknown: ${keys.join(', ')}`;
    findings.addProblem({ place: entry.place, what: 'include', reason });
    return;
  }
  const name = entry.kind === 'scalar' ? entry.text : (textIn(entry, kind) ?? '');
  findings.addProblem({
    place: entry.place,
    what: `include ${kind}`,
    reason: `"${name}" is not in this repository and was not read`,
    hint: 'Name the images that its jobs use as well.',
    severity: 'warning',
  });
}
