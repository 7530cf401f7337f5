import { ciRun, fromZero, noExtras, readRef, textOf } from '../ci-system.ts';
import { vsoCommand, vsoCommands } from '../log/vso-commands.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://learn.microsoft.com/azure/devops/pipelines/build/variables */
export const azure: CiSystem = {
  id: 'azure',
  name: 'Azure Pipelines',
  pipelineVariable: 'BUILD_BUILDID',
  isHere: (env) => env['TF_BUILD']?.toLowerCase() === 'true',
  readRun(env): CiRun {
    const source = textOf(env, 'SYSTEM_PULLREQUEST_SOURCEBRANCH');
    const { branch, tag } = readRef(textOf(env, 'BUILD_SOURCEBRANCH'));
    const fork = textOf(env, 'SYSTEM_PULLREQUEST_ISFORK');
    return ciRun({
      branch: readRef(source).branch ?? source ?? branch,
      tag,
      event: textOf(env, 'BUILD_REASON'),
      commit: textOf(env, 'BUILD_SOURCEVERSION'),
      isFork: fork === undefined ? undefined : fork.toLowerCase() === 'true',
    });
  },
  readJob: (env) => ({
    id: textOf(env, 'SYSTEM_JOBID') ?? '0',
    node: fromZero(textOf(env, 'SYSTEM_JOBPOSITIONINPHASE')),
  }),
  ...noExtras,
  exportTo: () => ({
    kind: 'log',
    line: (name, value) => vsoCommand(`task.setvariable variable=${name}`, value),
  }),
  summaryTo(env) {
    const dir = textOf(env, 'AGENT_TEMPDIRECTORY');
    if (dir === undefined) return undefined;
    return {
      kind: 'log',
      dir,
      line: (path) => vsoCommand('task.uploadsummary', path),
      maxBytes: 1024 * 1024,
    };
  },
  log: vsoCommands,
};
