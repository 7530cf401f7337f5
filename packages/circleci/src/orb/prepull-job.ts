import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { OrbJob, OrbParameters, OrbStep } from './model.ts';
import { prepullParameters } from './prepull-command.ts';
import {
  bundleCacheKey,
  carrierParameters,
  installParameters,
  isHandedOverBy,
  placeParameters,
  scriptEnvironment,
} from './shared-parameters.ts';
import { parameter, passOn, scriptStep, when } from './steps.ts';

const jobParameters = {
  executor: {
    type: 'executor',
    description: 'Executor of the job. Pre-pulling needs no engine, except with source: engine.',
    default: 'docker',
  },
  resource_class: {
    type: 'string',
    description:
      'Resource class of the job. On the docker executor, small is enough to fetch layers and costs less.',
    default: 'medium',
  },
  checkout: {
    type: 'boolean',
    description: 'Check out the repository: for .dray.yml, dray.lock and the files named by "from".',
    default: true,
  },
  setup_remote_docker: {
    type: 'boolean',
    description: 'Give the job an engine. Only source: engine needs it. Docker executor only.',
    default: false,
  },
  prepare: {
    type: 'steps',
    description:
      'Steps before the pre-pull, such as a login to a private registry. A step that fails here fails the job; a failed command of prepare_commands is only recorded.',
    default: [],
  },
  report: {
    type: 'boolean',
    description: 'Store a report as artifacts.',
    default: false,
  },
  fail_workflow: {
    type: 'boolean',
    description:
      'Fail this job if the pre-pull failed, after recording the failure for the jobs that load the images.',
    default: false,
  },
} as const satisfies OrbParameters;

/** `drayage/prepull` as a job. */
export function prepullJob(definitions: PipelineDefinitions): OrbJob {
  return {
    description:
      'Pre-pulls images while other jobs run, and hands them over to the jobs that load them. The job succeeds even if the pre-pull fails: it records the failure, and jobs that need the images pull them normally.',
    parameters: { ...prepullParameters(definitions), ...carrierParameters, ...jobParameters },
    settings: { executor: parameter('executor'), resource_class: parameter('resource_class') },
    steps: [
      // Install first: the command writes the record. This is safe, as the install step never fails the job,
      // and only jobs that start after this one read the record.
      { install: passOn({ ...placeParameters, ...installParameters(definitions) }) },
      scriptStep('Record that the pre-pull has begun', 'begin', { environment: scriptEnvironment }),
      when(isHandedOverBy('workspace'), [persist('Persist that record', '.begun/')]),
      when(parameter('checkout'), ['checkout']),
      when(parameter('setup_remote_docker'), ['setup_remote_docker']),
      { steps: parameter('prepare') },
      { prepull: { ...passOn(prepullParameters(definitions)), install: false } },
      ...handoverSteps,
      when(parameter('report'), [{ report: reportArguments }]),
      when(parameter('fail_workflow'), [
        scriptStep('Fail when the pre-pull failed', 'check', { environment: scriptEnvironment }),
      ]),
    ],
  };
}

const handoverSteps: readonly OrbStep[] = [
  when(isHandedOverBy('workspace'), [persist('Persist the pre-pulled images', '')]),
  when(isHandedOverBy('cache'), [
    {
      save_cache: {
        name: 'Save the pre-pulled images',
        key: bundleCacheKey,
        paths: [`${parameter('workspace_root')}/drayage`],
        when: 'always',
      },
    },
  ]),
];

const reportArguments = {
  ...passOn(placeParameters),
  install_dir: parameter('install_dir'),
};

function persist(name: string, folder: string): OrbStep {
  const path = `drayage/${folder}${parameter('key')}`;
  return { persist_to_workspace: { name, root: parameter('workspace_root'), paths: [path] } };
}
