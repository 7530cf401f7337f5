import path from 'node:path';
import type { DiscoveryContext } from '../context.ts';
import { expand, type Lookup } from '../variables/expand.ts';
import { listOf, member, scalarIn, textIn } from '../yaml/tree.ts';
import type { ComposeFile } from './compose-file.ts';
import { composeDialect } from './environment.ts';
import type { EffectiveService } from './report-service.ts';

/**
 * The name of the project, part of the names of images that services without `image` are built as.
 * @see compose-spec, "Name top-level element"
 */
export function projectName(
  { root, directory }: ComposeFile,
  variables: Lookup,
  { meter }: DiscoveryContext,
): string {
  const given = variables('COMPOSE_PROJECT_NAME')?.text ?? '';
  if (given !== '') return given;
  const written = scalarIn(root, 'name');
  if (written === undefined) return normalized(path.basename(directory));
  return expand(written.text, composeDialect, variables, { meter, place: written.place }).text;
}

function normalized(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/**
 * The names that the build of a service gets: `image`, else `PROJECT-SERVICE`, and the `tags` of the build.
 */
export function builtNames({ name, fields }: EffectiveService, project: string): readonly string[] {
  const build = member(fields, 'build');
  if (build === undefined) return [];
  const image = textIn(fields, 'image');
  const own = image === undefined ? [`${project}-${name}`, `${project}_${name}`] : [image];
  const tags = listOf(member(build, 'tags')).flatMap((tag) => (tag.kind === 'scalar' ? [tag.text] : []));
  return [...own, ...tags];
}
