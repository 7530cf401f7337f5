import path from 'node:path';
import { attempt, type DiscoveryContext } from '../context.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { member, textIn, type YamlMapping, type YamlNode } from '../yaml/tree.ts';
import { joinedLists, parseComposeFile, type ComposeFile, type ComposeService } from './compose-file.ts';

/** The fields of a service, merged over the services that it extends. */
export interface ExtendedService {
  readonly fields: YamlMapping;
  /** True when a service that it extends was not found, which is reported already. */
  readonly isBroken: boolean;
}

/** Merged services and parsed files of one discovery: each base is merged once. */
export interface ExtendsCache {
  readonly services: Map<ComposeService, ExtendedService>;
  readonly files: Map<string, ComposeFile>;
}

export function createExtendsCache(): ExtendsCache {
  return { services: new Map(), files: new Map() };
}

/** Follows `extends`. @throws DrayError `DISCOVERY_FAILED` @see compose-spec, "extends" */
export async function withExtended(
  service: ComposeService,
  context: DiscoveryContext,
  cache: ExtendsCache,
): Promise<ExtendedService> {
  const chain: ComposeService[] = [];
  let at: ComposeService | undefined = service;
  let isBroken = false;
  while (at !== undefined && !cache.services.has(at)) {
    const base: ComposeService | 'none' | undefined = await baseOf(at, context, cache);
    chain.push(at);
    if (base === 'none') break;
    isBroken = base === undefined;
    const start = chain.findIndex(({ name, file }) => name === base?.name && file.path === base.file.path);
    if (start >= 0) {
      reportCircle(chain.slice(start), context);
      isBroken = true;
      break;
    }
    context.meter.spend(chain.length, { place: at.place });
    at = base;
  }
  let below = at === undefined ? undefined : cache.services.get(at);
  for (const next of chain.reverse()) {
    below = {
      fields:
        below === undefined ? next.fields : deepMerge(below.fields, next.fields, context.meter, joinedLists),
      isBroken: below?.isBroken ?? isBroken,
    };
    // A member of a circle depends on where the circle was entered.
    if (!below.isBroken) cache.services.set(next, below);
  }
  return below ?? { fields: service.fields, isBroken };
}

async function baseOf(
  service: ComposeService,
  context: DiscoveryContext,
  cache: ExtendsCache,
): Promise<ComposeService | 'none' | undefined> {
  const wanted = member(service.fields, 'extends');
  return wanted === undefined ? 'none' : await findBase(service, wanted, { context, cache });
}

/** A circle is found from each of its services: reported from the first one, it is one problem. */
function reportCircle(circle: readonly ComposeService[], { findings }: DiscoveryContext): void {
  const lines = circle.map(({ place }) => place.line);
  const first = lines.indexOf(Math.min(...lines));
  const ordered = [...circle.slice(first), ...circle.slice(0, first + 1)];
  const [start] = ordered;
  if (start === undefined) return;
  findings.addProblem({
    place: start.place,
    what: `service ${start.name}`,
    reason: `extends forms a circle: ${ordered.map(({ name }) => name).join(' → ')}`,
    hint: 'Remove one extends of the circle.',
  });
}

async function findBase(
  service: ComposeService,
  wanted: YamlNode,
  { context, cache }: { readonly context: DiscoveryContext; readonly cache: ExtendsCache },
): Promise<ComposeService | undefined> {
  const name = wanted.kind === 'scalar' ? wanted.text : textIn(wanted, 'service');
  const fileName = textIn(wanted, 'file');
  const who = { place: wanted.place, what: `service ${service.name}, extends` };
  if (name === undefined) {
    context.findings.addProblem({ ...who, reason: 'it names no service' });
    return undefined;
  }
  const file =
    fileName === undefined
      ? service.file
      : await attempt(context, who, () =>
          openOther(service.file, path.resolve(service.file.directory, fileName), { context, cache }),
        );
  if (file === undefined) return undefined;
  const base = file.services.get(name);
  if (base === undefined) {
    const where = context.files.display(file.path);
    context.findings.addProblem({ ...who, reason: `${where} has no service "${name}"` });
  }
  return base;
}

async function openOther(
  from: ComposeFile,
  filePath: string,
  { context, cache }: { readonly context: DiscoveryContext; readonly cache: ExtendsCache },
): Promise<ComposeFile | undefined> {
  if (filePath === from.path) return from;
  const known = cache.files.get(filePath);
  // Included files may have variables of their own.
  if (known !== undefined && known.variables === from.variables) return known;
  const place = { directory: path.dirname(filePath), variables: from.variables };
  const file = parseComposeFile(await context.files.read(filePath), place, context);
  if (file !== undefined) cache.files.set(filePath, file);
  return file;
}
