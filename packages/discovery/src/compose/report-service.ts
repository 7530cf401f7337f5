import { formatReference, tryParseReference } from '@drayage/core';
import type { DiscoveryContext } from '../context.ts';
import { listOf, member, scalarIn, textIn, type YamlScalar } from '../yaml/tree.ts';
import { readBuild } from './build-section.ts';
import type { ComposeService } from './compose-file.ts';
import type { ExtendedService } from './extends.ts';

/** A service whose fields are complete: files merged, `extends` followed. */
export type EffectiveService = ComposeService & ExtendedService;

/** Adds the images that a service needs. `built` holds the canonical names that builds of the same project get. */
export async function reportService(
  service: EffectiveService,
  built: ReadonlySet<string>,
  context: DiscoveryContext,
): Promise<void> {
  const { name, fields, place } = service;
  const { findings } = context;
  const image = scalarIn(fields, 'image');
  const build = member(fields, 'build');
  const platform = scalarIn(fields, 'platform');
  const found = { what: `service ${name}`, platform: platform?.text };
  reportImageVolumes(service, context);
  if (isPulled(service, built)) {
    if (image !== undefined)
      findings.addImage({ ...found, text: image.text, place: image.place, issues: image.issues });
    return;
  }
  if (build !== undefined && build.tag !== '!reset') {
    const { variables, directory } = service.file;
    const request = { service: name, place, build, platform: platform?.text, variables, directory };
    await readBuild(request, context);
  } else if (!service.isBroken && image === undefined && member(fields, 'provider') === undefined) {
    findings.addProblem({ ...found, place, reason: 'it has neither an image nor a build' });
  }
}

/**
 * True when compose would pull the image. With a `build` it is the result of that, unless the policy asks for a pull; `never` pulls
 * nothing; and the result of another service's build is in no registry.
 * @see compose-spec, "pull_policy"
 */
function isPulled({ fields }: EffectiveService, built: ReadonlySet<string>): boolean {
  const image = scalarIn(fields, 'image');
  if (image === undefined) return false;
  const policy = textIn(fields, 'pull_policy') ?? '';
  if (/^(always|missing|if_not_present|refresh|daily|weekly|every_.+)$/.test(policy)) return true;
  if (member(fields, 'build') !== undefined) return false;
  return policy !== 'never' && !isBuilt(image, built);
}

function isBuilt({ text }: YamlScalar, built: ReadonlySet<string>): boolean {
  const reference = tryParseReference(text);
  return reference !== undefined && built.has(formatReference(reference));
}

/** Volumes of `type: image` are pulled as well. @see compose-spec, "volumes" */
function reportImageVolumes({ name, fields }: EffectiveService, { findings }: DiscoveryContext): void {
  for (const volume of listOf(member(fields, 'volumes'))) {
    const source = scalarIn(volume, 'source');
    if (textIn(volume, 'type') !== 'image' || source === undefined) continue;
    const { text, place, issues } = source;
    findings.addImage({ text, place, issues, what: `service ${name}, volume` });
  }
}
