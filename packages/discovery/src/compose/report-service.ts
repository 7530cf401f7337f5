import type { DiscoveryContext } from '../context.ts';
import { listOf, member, scalarIn, textIn } from '../yaml/tree.ts';
import { readBuild } from './build-section.ts';
import type { ComposeService } from './compose-file.ts';
import type { ExtendedService } from './extends.ts';

/** A service whose fields are complete: files merged, `extends` followed. */
export type EffectiveService = ComposeService & ExtendedService;

/** Adds the images that a service needs. */
export async function reportService(service: EffectiveService, context: DiscoveryContext): Promise<void> {
  const { name, fields, place } = service;
  const { findings } = context;
  const image = scalarIn(fields, 'image');
  const build = member(fields, 'build');
  const platform = scalarIn(fields, 'platform');
  const what = `service ${name}`;
  const policy = pullPolicy(service);
  reportImageVolumes(service, context);
  if (image !== undefined && policy !== 'none') {
    findings.addImage({
      what,
      text: image.text,
      place: image.place,
      platform: platform?.text,
      issues: [...(image.issues ?? []), ...(platform?.issues ?? [])],
      isPulledIfBuilt: policy === 'pull',
    });
    return;
  }
  if (build !== undefined) {
    const { variables, directory } = service.file;
    const request = { service: name, place, build, platform: platform?.text, variables, directory };
    await readBuild(request, context);
  } else if (!service.isBroken && image === undefined && member(fields, 'provider') === undefined) {
    findings.addProblem({ what, place, reason: 'it has neither an image nor a build' });
  }
}

/**
 * `pull`: compose tries to pull the image even if it can build it. `default`: it pulls the image unless a
 * service builds it; compose tries that as well, but a build needs no pull to succeed. `none`: it never
 * pulls the image.
 * @see compose-spec, "pull_policy"
 */
function pullPolicy({ fields }: EffectiveService): 'pull' | 'default' | 'none' {
  const policy = textIn(fields, 'pull_policy') ?? '';
  if (/^(always|missing|if_not_present|refresh|daily|weekly|every_.+)$/.test(policy)) return 'pull';
  return policy === 'never' || policy === 'build' || member(fields, 'build') !== undefined
    ? 'none'
    : 'default';
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
