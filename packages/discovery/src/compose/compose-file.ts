import type { DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import type { Lookup } from '../variables/expand.ts';
import type { WorkMeter } from '../work-meter.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { entriesOf, mappingAt, member, pick } from '../yaml/tree.ts';
import type { Place, YamlEntry, YamlMapping, YamlNode } from '../yaml/tree.ts';
import { normalizeBuild } from './build-section.ts';
import { interpolate } from './environment.ts';

/** A service of one file: the fields that matter for images, variables replaced, build paths absolute. */
export interface ComposeService {
  readonly name: string;
  readonly place: Place;
  readonly fields: YamlMapping;
  /** The file that holds it, for `extends`. */
  readonly file: ComposeFile;
}

/** A compose file, or several merged into one, before `extends`. */
export interface ComposeFile {
  readonly path: string;
  /** Where relative paths start. */
  readonly directory: string;
  readonly variables: Lookup;
  readonly root: YamlMapping;
  /** The `include` section, variables replaced. */
  readonly include: YamlNode | undefined;
  readonly services: ReadonlyMap<string, ComposeService>;
}

const fieldsThatMatter = [
  'build',
  'extends',
  'image',
  'platform',
  'profiles',
  'provider',
  'pull_policy',
  'volumes',
];

/** Lists that compose joins when one definition is laid on another. */
export const joinedLists: readonly string[] = ['profiles', 'volumes'];

/**
 * Parses a compose file. Undefined, with a problem, when it holds no mapping.
 * @throws DrayError `DISCOVERY_FAILED`
 */
export function parseComposeFile(
  source: SourceFile,
  place: { readonly directory: string; readonly variables: Lookup },
  { findings, meter }: DiscoveryContext,
): ComposeFile | undefined {
  const documents = parseYaml(source, { findings, meter }).filter((document) => document.kind === 'mapping');
  const [first, ...more] = documents;
  if (first === undefined) {
    const reason = 'the file holds no mapping';
    findings.addProblem({ place: { file: source.path }, what: 'compose file', reason });
    return undefined;
  }
  // Compose reads a file of several documents like several files, one after the other.
  const root = more.reduce((base, over) => deepMerge(base, over, meter), first);
  const services = new Map<string, ComposeService>();
  const include = member(interpolate(pick(root, ['include']), place.variables, meter), 'include');
  const file = { path: source.path, ...place, root, include, services };
  const section = member(root, 'services');
  if (section !== undefined && section.kind !== 'mapping') {
    const reason = 'services is not a mapping';
    findings.addProblem({ place: section.place, what: 'compose file', reason });
  }
  for (const [name, entry] of entriesOf(section)) {
    const service = readService(name, entry, file, meter);
    if (service !== undefined) services.set(name, service);
    else if (entry.value.tag !== '!reset') {
      findings.addProblem({ place: entry.key, what: `service ${name}`, reason: 'it is not a mapping' });
    }
  }
  return file;
}

/** `over` laid on `base`, as for `-f base -f over`. */
export function mergeComposeFiles(base: ComposeFile, over: ComposeFile, meter: WorkMeter): ComposeFile {
  const services = new Map(base.services);
  for (const [name, service] of over.services) {
    const below = services.get(name);
    const fields =
      below === undefined ? service.fields : deepMerge(below.fields, service.fields, meter, joinedLists);
    services.set(name, { ...service, fields });
  }
  const root = deepMerge(base.root, over.root, meter);
  return { ...base, root, include: over.include ?? base.include, services };
}

function readService(
  name: string,
  { key, value }: YamlEntry,
  file: ComposeFile,
  meter: WorkMeter,
): ComposeService | undefined {
  if (value.kind !== 'mapping') return undefined;
  const relevant = interpolate(pick(value, fieldsThatMatter), file.variables, meter);
  const fields = normalizeBuild(relevant, file.directory);
  return { name, place: key, fields, file };
}

/** True when the file has the first format, with services at the top. */
export function isVersionOne({ root }: ComposeFile): boolean {
  if (member(root, 'services') !== undefined || member(root, 'include') !== undefined) return false;
  return entriesOf(root).some(
    ([, { value }]) =>
      mappingAt(value) !== undefined && (member(value, 'image') ?? member(value, 'build')) !== undefined,
  );
}
