import path from 'node:path';
import { attempt, type DiscoveryContext } from '../context.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { member, textIn, type YamlMapping, type YamlNode } from '../yaml/tree.ts';
import { joinedLists, parseComposeFile, type ComposeFile, type ComposeService } from './compose-file.ts';

/** The fields of a service with those of all services that it extends below them. */
export interface ExtendedService {
  readonly fields: YamlMapping;
  /** True when a service that it extends could not be found, which is a problem already. */
  readonly isBroken: boolean;
}

/** Follows `extends`. @see compose-spec, "extends" */
export async function withExtended(
  service: ComposeService,
  context: DiscoveryContext,
  seen: readonly ComposeService[] = [],
): Promise<ExtendedService> {
  const { fields } = service;
  const wanted = member(fields, 'extends');
  if (wanted === undefined) return { fields, isBroken: false };
  const chain = [...seen, service];
  const base = await findBase(service, wanted, context);
  if (base === undefined) return { fields, isBroken: true };
  const start = chain.findIndex(({ name, file }) => name === base.name && file.path === base.file.path);
  if (start >= 0) {
    reportCircle(chain.slice(start), context);
    return { fields, isBroken: true };
  }
  const below = await withExtended(base, context, chain);
  return { fields: deepMerge(below.fields, fields, joinedLists), isBroken: below.isBroken };
}

/** The same circle is met from each of its services: told from the one that stands first, it is one problem. */
function reportCircle(circle: readonly ComposeService[], { findings }: DiscoveryContext): void {
  const lines = circle.map(({ place }) => place.line);
  const first = lines.indexOf(Math.min(...lines));
  const ordered = [...circle.slice(first), ...circle.slice(0, first + 1)];
  const [start] = ordered;
  if (start === undefined) return;
  findings.addProblem({
    place: start.place,
    what: `service ${start.name}`,
    reason: `extends goes round in a circle: ${ordered.map(({ name }) => name).join(' → ')}`,
    hint: 'Take one extends of the circle away.',
  });
}

async function findBase(
  service: ComposeService,
  wanted: YamlNode,
  context: DiscoveryContext,
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
          openOther(service.file, path.resolve(service.file.directory, fileName), context),
        );
  if (file === undefined) return undefined;
  const base = file.services.get(name);
  if (base === undefined) {
    const where = context.files.display(file.path);
    context.findings.addProblem({ ...who, reason: `there is no service "${name}" in ${where}` });
  }
  return base;
}

async function openOther(
  from: ComposeFile,
  filePath: string,
  context: DiscoveryContext,
): Promise<ComposeFile | undefined> {
  if (filePath === from.path) return from;
  const place = { directory: path.dirname(filePath), variables: from.variables };
  return parseComposeFile(await context.files.read(filePath), place, context);
}
