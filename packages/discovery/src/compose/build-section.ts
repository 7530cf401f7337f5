import path from 'node:path';
import type { DiscoveryContext } from '../context.ts';
import { readDockerfile, type DockerfileBuild } from '../dockerfile/read-dockerfile.ts';
import type { Lookup } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { entriesOf, listOf, member, scalarAt, scalarIn, textIn } from '../yaml/tree.ts';
import type { Place, YamlEntry, YamlMapping, YamlNode } from '../yaml/tree.ts';

/**
 * A service whose `build` is a mapping with an absolute `context`, and mappings for `args` and
 * `additional_contexts`, so that services of files in different directories can be merged.
 * @see compose-spec, build.md
 */
export function normalizeBuild(fields: YamlMapping, directory: string): YamlMapping {
  const entry = fields.entries.get('build');
  if (entry === undefined || member(fields, 'build') === undefined) return fields;
  const build = normalizeBuildNode(entry, directory);
  return { ...fields, entries: new Map([...fields.entries, ['build', { key: entry.key, value: build }]]) };
}

function normalizeBuildNode({ value }: YamlEntry, directory: string): YamlNode {
  const { place } = value;
  if (value.kind === 'sequence') return value;
  const entries = new Map<string, YamlEntry>(
    value.kind === 'mapping' ? value.entries : [['context', { key: place, value }]],
  );
  const context = entries.get('context')?.value;
  if (context?.kind === 'scalar' && !isRemote(context.text)) {
    const absolute = { ...context, text: path.resolve(directory, context.text) };
    entries.set('context', { key: place, value: absolute });
  }
  for (const key of ['args', 'additional_contexts']) {
    const list = entries.get(key);
    if (list !== undefined) entries.set(key, { key: list.key, value: pairsToMapping(list.value) });
  }
  return { kind: 'mapping', place, tag: value.tag, entries };
}

/** `[A=1, B]` as `{A: 1, B: null}`. */
function pairsToMapping(node: YamlNode): YamlNode {
  if (node.kind !== 'sequence') return node;
  const entries = node.items.flatMap((item) => {
    if (item.kind !== 'scalar') return [];
    const equals = item.text.indexOf('=');
    const [name, text] =
      equals < 0 ? [item.text, ''] : [item.text.slice(0, equals), item.text.slice(equals + 1)];
    return [[name, { key: item.place, value: { ...item, text, isNull: equals < 0 } }] as const];
  });
  return { kind: 'mapping', entries: new Map(entries), place: node.place };
}

function isRemote(context: string): boolean {
  return /^(https?|git|ssh|oci|docker-image):\/\//.test(context) || /^(git@|github\.com\/)/.test(context);
}

export interface BuildRequest {
  readonly service: string;
  readonly place: Place;
  readonly build: YamlNode;
  readonly platform: string | undefined;
  readonly variables: Lookup;
  /** Where relative paths without a context start. */
  readonly directory: string;
}

/** Reads the images that building a service needs. */
export async function readBuild(request: BuildRequest, context: DiscoveryContext): Promise<void> {
  const { build, service } = request;
  const what = `service ${service}, build`;
  const buildContext = textIn(build, 'context') ?? request.directory;
  const issue = scalarIn(build, 'context')?.issues?.[0];
  if (build.kind !== 'mapping') {
    context.findings.addProblem({ place: build.place, what, reason: 'build is neither text nor a mapping' });
  } else if (issue !== undefined) {
    context.findings.addProblem({ place: build.place, what, ...issue, severity: 'error' });
  } else if (isRemote(buildContext)) {
    const reason = `the context "${buildContext}" is remote, and its Dockerfile was not read`;
    const hint = 'Name the images that it needs as well.';
    context.findings.addProblem({ place: build.place, what, reason, hint, severity: 'warning' });
  } else await readDockerfileOf(request, buildContext, context);
}

async function readDockerfileOf(
  request: BuildRequest,
  buildContext: string,
  context: DiscoveryContext,
): Promise<void> {
  const { findings, files } = context;
  const { build, service } = request;
  const settings = buildSettings(request, context);
  const inline = scalarIn(build, 'dockerfile_inline');
  if (inline !== undefined) {
    // Only a block scalar keeps its lines.
    const isOneLine = inline.textLine === inline.place.line;
    const source = { text: inline.text, file: inline.place.file, firstLine: inline.textLine, isOneLine };
    readDockerfile({ ...settings, source, name: 'dockerfile_inline' }, context);
    return;
  }
  const dockerfile = scalarIn(build, 'dockerfile');
  const file = path.resolve(buildContext, dockerfile?.text ?? 'Dockerfile');
  const source = await files.readIfThere(file);
  if (source === undefined) {
    findings.addProblem({
      place: (dockerfile ?? build).place,
      what: `service ${service}, build`,
      reason: `the Dockerfile ${files.display(file)} does not exist`,
      hint: 'Check context and dockerfile; they are relative to the compose file and to the context.',
    });
    return;
  }
  const name = path.basename(file);
  readDockerfile({ ...settings, name, source: { text: source.text, file, firstLine: 1 } }, context);
}

function buildSettings(
  { build, service, platform, variables }: BuildRequest,
  { options: { buildArgs = {} }, enginePlatform }: DiscoveryContext,
): Omit<DockerfileBuild, 'source' | 'name'> {
  const platforms = listOf(member(build, 'platforms'));
  const onlyPlatform =
    platforms.length === 1 && platforms[0]?.kind === 'scalar' ? platforms[0].text : undefined;
  const args = new Map(entriesOf(member(build, 'args')));
  const given = recordLookup(buildArgs);
  return {
    prefix: `service ${service}, `,
    args: (name) => {
      const value = args.get(name)?.value;
      if (value?.kind !== 'scalar') return given(name);
      return value.isNull ? (variables(name) ?? given(name)) : value;
    },
    target: textIn(build, 'target'),
    platform: platform ?? onlyPlatform,
    enginePlatform,
    contexts: new Map(
      entriesOf(member(build, 'additional_contexts')).map(([name, { value }]) => [
        name,
        value.kind === 'scalar' ? value : scalarAt('', value.place),
      ]),
    ),
  };
}
