import { readAsset } from '@drayage/core';
import type { PipelineDefinitions, RenderedFiles } from '@drayage/core/pipeline';
import { drayageOrb, orbReference, repositoryUrl } from '../orb/orb.ts';
import { orbScripts } from '../orb/scripts.ts';
import { packOrb } from '../pack/pack-orb.ts';
import { orbSources } from './orb-sources.ts';
import { readmeText } from './readme.ts';
import { yamlText } from './yaml.ts';

/**
 * All files of `orbs/`, by path: the sources of the orb, the packed orb, and the README for
 * users.
 * @throws Error if the definitions lack an option that the orb has a parameter for
 */
export async function renderOrb(definitions: PipelineDefinitions): Promise<RenderedFiles> {
  const orb = drayageOrb(definitions);
  const sources = orbSources(orb, await orbScripts(definitions));
  const template = await readAsset(import.meta.dirname, 'circleci-README.md');
  const { version } = definitions;
  const readme = readmeText(template, orb, { orb: orbReference(definitions), version, repositoryUrl });
  return new Map([
    ...[...sources].map(([path, text]) => [`drayage/src/${path}`, text] as const),
    ['drayage/orb.yml', yamlText(packOrb(sources))],
    ['README.md', readme],
  ]);
}
