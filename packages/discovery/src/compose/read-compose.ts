import path from 'node:path';
import { attempt, type DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import type { Lookup } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { listOf, member, scalarIn, type YamlNode } from '../yaml/tree.ts';
import { isVersionOne, mergeComposeFiles, parseComposeFile, type ComposeFile } from './compose-file.ts';
import { composeVariables } from './environment.ts';
import { createExtendsCache, withExtended } from './extends.ts';
import { builtNames, projectName } from './built-names.ts';
import { reportService, type EffectiveService } from './report-service.ts';

/**
 * Reads a compose file: the images of services with an active profile, and the images that their builds need.
 * @see compose-spec (rolling), 05-services.md, 13-merge.md, 14-include.md, 15-profiles.md
 */
export async function readCompose(source: SourceFile, context: DiscoveryContext): Promise<void> {
  const directory = path.dirname(source.path);
  const env = recordLookup(context.options.env);
  const variables = await composeVariables(env, dotenvFiles(directory, context), context);
  const file = parseComposeFile(source, { directory, variables }, context);
  if (file === undefined) return;
  const { findings } = context;
  if (isVersionOne(file)) {
    findings.addProblem({
      place: { file: source.path },
      what: 'compose file',
      reason: 'it has the first format, which compose no longer reads',
      hint: 'Put the services under "services:".',
    });
    return;
  }
  const files = await withIncluded(file, context, [source.path]);
  if (files.every(({ services }) => services.size === 0)) {
    const reason = 'it has no services';
    findings.addProblem({ place: { file: source.path }, what: 'compose file', reason, severity: 'warning' });
  }
  const profiles = activeProfiles(context, variables);
  await reportAll(files, { profiles, project: projectName(file, variables, context) }, context);
}

/** @see Docker docs, "Configure pre-defined environment variables in Docker Compose" */
function dotenvFiles(directory: string, { options: { env } }: DiscoveryContext): readonly string[] {
  if (/^(1|true)$/i.test(env['COMPOSE_DISABLE_ENV_FILE'] ?? '')) return [];
  const named = env['COMPOSE_ENV_FILES'] ?? '';
  if (named === '') return [path.join(directory, '.env')];
  return named.split(',').map((file) => path.resolve(file));
}

/** Given profiles replace `COMPOSE_PROFILES`, as `--profile` does. */
function activeProfiles({ options }: DiscoveryContext, variables: Lookup): ReadonlySet<string> {
  const given = options.profiles ?? [];
  const names = given.length > 0 ? given : (variables('COMPOSE_PROFILES')?.text.split(',') ?? []);
  return new Set(names.map((name) => name.trim()).filter((name) => name !== ''));
}

async function reportAll(
  files: readonly ComposeFile[],
  { profiles, project }: { readonly profiles: ReadonlySet<string>; readonly project: string },
  context: DiscoveryContext,
): Promise<void> {
  const cache = createExtendsCache();
  const services: EffectiveService[] = [];
  for (const { services: own } of files) {
    for (const service of own.values()) {
      const extended = await withExtended(service, context, cache);
      // Services of other profiles count here: a profile of its own for what is only built is usual.
      for (const name of builtNames({ ...service, ...extended }, project)) context.findings.addBuilt(name);
      if (isActive(member(extended.fields, 'profiles'), profiles)) services.push({ ...service, ...extended });
    }
  }
  for (const service of services) await reportService(service, context);
}

function isActive(wanted: YamlNode | undefined, profiles: ReadonlySet<string>): boolean {
  const names = listOf(wanted).flatMap((node) => (node.kind === 'scalar' ? [node.text] : []));
  return names.length === 0 || profiles.has('*') || names.some((name) => profiles.has(name));
}

/** The file, after all those that it includes. */
async function withIncluded(
  file: ComposeFile,
  context: DiscoveryContext,
  chain: readonly string[],
): Promise<readonly ComposeFile[]> {
  const files: ComposeFile[] = [];
  for (const entry of listOf(file.include)) {
    files.push(...(await includeEntry(file, entry, context, chain)));
  }
  return [...files, file];
}

async function includeEntry(
  from: ComposeFile,
  entry: YamlNode,
  context: DiscoveryContext,
  chain: readonly string[],
): Promise<readonly ComposeFile[]> {
  const who = { place: entry.place, what: 'include' };
  const paths = listOf(entry.kind === 'scalar' ? entry : member(entry, 'path')).flatMap((node) =>
    node.kind === 'scalar' ? [node.text] : [],
  );
  const [first] = paths;
  const remote = paths.find((text) => /^(oci|https?|git|ssh):/.test(text) || text.startsWith('git@'));
  if (first === undefined || remote !== undefined) {
    const reason = remote === undefined ? 'it names no path' : `"${remote}" is remote and was not read`;
    context.findings.addProblem({ ...who, reason, severity: remote === undefined ? 'error' : 'warning' });
    return [];
  }
  const absolute = paths.map((text) => path.resolve(from.directory, text));
  const cycle = absolute.find((text) => chain.includes(text));
  if (cycle !== undefined) {
    const names = [...chain.slice(chain.indexOf(cycle)), cycle].map((text) => context.files.display(text));
    context.findings.addProblem({ ...who, reason: `include forms a circle: ${names.join(' → ')}` });
    return [];
  }
  const included = await attempt(context, who, () => openIncluded(from, entry, absolute, context));
  return included === undefined ? [] : await withIncluded(included, context, [...chain, ...absolute]);
}

async function openIncluded(
  from: ComposeFile,
  entry: YamlNode,
  paths: readonly string[],
  context: DiscoveryContext,
): Promise<ComposeFile | undefined> {
  const own = scalarIn(entry, 'project_directory')?.text;
  const directory =
    own === undefined ? path.dirname(paths[0] ?? from.path) : path.resolve(from.directory, own);
  const named = listOf(member(entry, 'env_file')).flatMap((node) =>
    node.kind === 'scalar' ? [path.resolve(from.directory, node.text)] : [],
  );
  const dotenvPaths = named.length > 0 ? named : [path.join(directory, '.env')];
  const variables = await composeVariables(from.variables, dotenvPaths, context);
  let merged: ComposeFile | undefined;
  for (const filePath of paths) {
    const file = parseComposeFile(await context.files.read(filePath), { directory, variables }, context);
    if (file !== undefined)
      merged = merged === undefined ? file : mergeComposeFiles(merged, file, context.meter);
  }
  return merged;
}
