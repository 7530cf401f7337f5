import { readAsset } from '@drayage/core';
import type { PipelineDefinitions } from '@drayage/core/pipeline';

/** The shell scripts of the jobs, by purpose. */
export interface TemplateScripts {
  readonly install: string;
  readonly prepull: string;
  readonly load: string;
  readonly awaitEngine: string;
  readonly privateEngine: string;
  readonly stopEngine: string;
  readonly trimBundle: string;
  /** For the pipeline of the component project. */
  readonly checkJobs: string;
}

/**
 * Reads the scripts from the assets, and inserts the install script.
 * @throws Error if an asset is missing
 */
export async function readScripts({ installScript }: PipelineDefinitions): Promise<TemplateScripts> {
  const read = async (name: string): Promise<string> =>
    jobScript(await readAsset(import.meta.dirname, `gitlab-${name}.sh`));
  const install = await read('install');
  return {
    install: install.replace('dray_install', () => subshell(installScript)),
    prepull: await read('prepull'),
    load: await read('load'),
    awaitEngine: await read('await-engine'),
    privateEngine: await read('private-engine'),
    stopEngine: await read('stop-engine'),
    trimBundle: await read('trim-bundle'),
    checkJobs: await read('check-jobs'),
  };
}

/**
 * A script as part of a job: without the lines that only a separate file needs. GitLab shows its first line
 * in the log of the job.
 */
function jobScript(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(#!|# shellcheck )/.test(line))
    .join('\n');
}

function subshell(script: string): string {
  return `(\n${jobScript(script).trim()}\n)`;
}
