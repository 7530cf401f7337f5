import { readAsset } from '@drayage/core';
import type { PipelineDefinitions, RenderedFiles } from '@drayage/core/pipeline';
import { componentPipelineText } from './component-pipeline.ts';
import { readmeText } from './readme.ts';
import { readScripts } from './scripts.ts';
import { templateText } from './template.ts';

/**
 * All files of `gitlab-templates/`: the template for `include: local`, `project` and `remote`, and a whole
 * component project with the same template, its README, its test pipeline and its licence.
 * @throws Error if the definitions lack an option that the templates set, or an asset is missing
 */
export async function renderGitlabTemplates(definitions: PipelineDefinitions): Promise<RenderedFiles> {
  const scripts = await readScripts(definitions);
  const template = templateText(definitions, scripts);
  return new Map([
    ['prepull.yml', template],
    ['templates/prepull/template.yml', template],
    ['README.md', await readmeText(definitions)],
    ['.gitlab-ci.yml', componentPipelineText(scripts.checkJobs)],
    ['LICENSE', await readAsset(import.meta.dirname, 'gitlab-license.txt')],
  ]);
}
