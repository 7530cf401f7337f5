import { pipelineOption } from '@drayage/core/pipeline';
import type { PipelineDefinitions } from '@drayage/core/pipeline';
import { inputText } from './input.ts';
import { loadInputs, prepullInputs } from './option-inputs.ts';
import type { OptionInput } from './option-inputs.ts';
import type { TemplateScripts } from './scripts.ts';
import { literal, reference } from './yaml-text.ts';
import type { YamlEntry } from './yaml-text.ts';

/** The bundle in the working copy, if artifacts carry it. */
const artifactsDir = '.dray/bundle';

/** The jobs of the template: the pre-pull, and hidden jobs for the jobs that need the images. */
export function templateJobs(
  definitions: PipelineDefinitions,
  scripts: TemplateScripts,
): readonly YamlEntry[] {
  return [
    prepullJob(definitions),
    loadJob(definitions),
    dindJob(),
    privateEngineJob(definitions),
    shellJob(definitions),
    cachedJob(),
    ...scriptJobs(scripts),
    ...handoverJobs(definitions),
    ...switches(definitions),
  ];
}

function hidden(name: string): string {
  return `${inputText('job_prefix')}:${name}`;
}

function prepullJob(definitions: PipelineDefinitions): YamlEntry {
  return {
    key: inputText('job_name'),
    comment:
      'Pre-pulls the images beside the tests. If it fails, the pipeline goes on.\nTo give it rules, tags or a before_script, define a job of the same name.',
    value: {
      extends: [handover('prepull'), switchName('frozen'), switchName('sign')],
      stage: inputText('stage'),
      image: inputText('image'),
      inherit: { default: ['tags'] },
      needs: [],
      allow_failure: true,
      interruptible: true,
      timeout: inputText('job_timeout'),
      variables: {
        // The job does not use the history.
        GIT_DEPTH: '1',
        ...installVariables,
        ...optionVariables(definitions, prepullInputs),
      },
      script: [reference(hidden('install'), 'script'), reference(hidden('prepull'), 'script')],
    },
  };
}

function loadJob(definitions: PipelineDefinitions): YamlEntry {
  const images = prepullInputs.filter(({ name }) => name === 'images' || name === 'config');
  return {
    key: hidden('load'),
    comment:
      'For a job that needs the images and has an engine: loads them before its script. If the job has its own\nbefore_script, start it with !reference [this job, before_script].',
    value: {
      extends: [handover('load'), switchName('strict'), switchName('require_signature')],
      variables: {
        ...installVariables,
        ...optionVariables(definitions, [...images, ...loadInputs]),
        [pipelineOption(definitions, 'prepullJob').env]: inputText('job_name'),
      },
      before_script: [reference(hidden('install'), 'script'), reference(hidden('deliver'), 'script')],
    },
  };
}

function dindJob(): YamlEntry {
  return {
    key: hidden('load:dind'),
    comment:
      'The same, with an engine in a service. The runner must be privileged and have the volume /certs/client.',
    value: {
      extends: hidden('load'),
      services: [
        {
          name: inputText('dind_image'),
          alias: 'docker',
          // Only the containerd store allows mounts while the engine runs; it is the default since Docker 29.
          command: ['--feature=containerd-snapshotter=true'],
        },
      ],
      variables: {
        DOCKER_HOST: 'tcp://docker:2376',
        DOCKER_TLS_CERTDIR: '/certs',
        DOCKER_TLS_VERIFY: '1',
        DOCKER_CERT_PATH: '/certs/client',
      },
      before_script: ['install', 'await-engine', 'deliver'].map((name) => reference(hidden(name), 'script')),
    },
  };
}

function privateEngineJob(definitions: PipelineDefinitions): YamlEntry {
  return {
    key: hidden('load:private-engine'),
    comment:
      'The same, with an engine in the job itself, which mounts packs. The runner must be privileged, and the image\nmust contain dockerd.',
    value: {
      extends: hidden('load'),
      image: inputText('dind_image'),
      variables: {
        // Otherwise the entry point of the image assumes a service.
        DOCKER_HOST: 'unix:///var/run/docker.sock',
        [pipelineOption(definitions, 'delivery').env]: 'mount',
        // This is a volume of the image; no other engine uses it.
        [pipelineOption(definitions, 'dataRoot').env]: '/var/lib/docker/drayage',
      },
      before_script: ['install', 'private-engine', 'await-engine'].map((name) =>
        reference(hidden(name), 'script'),
      ),
      after_script: [reference(hidden('stop-engine'), 'script')],
    },
  };
}

function shellJob(definitions: PipelineDefinitions): YamlEntry {
  return {
    key: hidden('load:shell'),
    comment:
      'The same, for a machine that outlives the job (shell executor): it keeps the bundle for the next job.',
    value: {
      extends: hidden('load'),
      variables: {
        [pipelineOption(definitions, 'bundle').env]: '$CI_PROJECT_DIR.tmp/drayage',
      },
      after_script: [reference(hidden('trim-bundle'), 'script')],
    },
  };
}

function cachedJob(): YamlEntry {
  return {
    key: hidden('cached'),
    comment: "Extend this in addition to a job above, to keep the dray command in GitLab's cache.",
    value: {
      variables: { DRAY_INSTALL_DIR: '$CI_PROJECT_DIR/.dray/cli' },
      cache: [{ key: `drayage-${inputText('dray_version')}`, paths: ['.dray/cli/'] }],
    },
  };
}

function scriptJobs(scripts: TemplateScripts): readonly YamlEntry[] {
  const entry = (name: string, script: string): YamlEntry => ({
    key: hidden(name),
    value: { script: [literal(script)] },
  });
  return [
    { ...entry('install', scripts.install), comment: 'The scripts of the jobs above.' },
    entry('prepull', scripts.prepull),
    entry('deliver', scripts.load),
    entry('await-engine', scripts.awaitEngine),
    entry('private-engine', scripts.privateEngine),
    entry('stop-engine', scripts.stopEngine),
    entry('trim-bundle', scripts.trimBundle),
  ];
}

function handover(side: 'prepull' | 'load'): string {
  return hidden(`${side}:artifacts-${inputText('artifacts')}`);
}

/**
 * The jobs that the input `artifacts` chooses from. GitLab has no conditions, but an input can be part of a
 * job's name.
 */
function handoverJobs(definitions: PipelineDefinitions): readonly YamlEntry[] {
  const [bundle, place, settled] = ['bundle', 'handover', 'settled'].map(
    (key) => pipelineOption(definitions, key).env,
  );
  const byUrl = { variables: { [place ?? '']: inputText('handover') } };
  return [
    { key: hidden('prepull:artifacts-false'), value: byUrl, comment: 'Inputs choose among the jobs below.' },
    {
      key: hidden('prepull:artifacts-true'),
      value: {
        variables: {
          [bundle ?? '']: artifactsDir,
          // Layers are already compressed.
          ARTIFACT_COMPRESSION_LEVEL: 'fastest',
          FF_USE_FASTZIP: 'true',
        },
        artifacts: {
          paths: [`${artifactsDir}/`],
          when: 'always',
          expire_in: inputText('artifacts_expire_in'),
          access: 'developer',
        },
      },
    },
    { key: hidden('load:artifacts-false'), value: byUrl },
    {
      key: hidden('load:artifacts-true'),
      value: { variables: { [bundle ?? '']: artifactsDir, [settled ?? '']: 'true' } },
    },
  ];
}

/** Options that an input turns on. If off, they set nothing, so the configuration file applies. */
const switchKeys = {
  frozen: 'frozen',
  sign: 'sign',
  strict: 'strict',
  require_signature: 'requireSignature',
} as const;

function switchName(name: keyof typeof switchKeys): string {
  return hidden(`${name}-${inputText(name)}`);
}

function switches(definitions: PipelineDefinitions): readonly YamlEntry[] {
  return Object.entries(switchKeys).flatMap(([name, key]) => [
    { key: hidden(`${name}-false`), value: { variables: {} } },
    { key: hidden(`${name}-true`), value: { variables: { [pipelineOption(definitions, key).env]: 'true' } } },
  ]);
}

const installVariables = {
  DRAY_INSTALL_VERSION: inputText('dray_version'),
  DRAY_INSTALL_FROM: inputText('install_from'),
  DRAY_INSTALL_CHECKSUMS: inputText('install_checksums'),
};

/**
 * The variables for the inputs. A list is JSON on its own line, so no value can break out of it. The runner
 * does not expand variables in it: the command does, and the shell.
 */
function optionVariables(
  definitions: PipelineDefinitions,
  inputs: readonly OptionInput[],
): Readonly<Record<string, unknown>> {
  const entries = inputs.flatMap(({ name, key }): readonly (readonly [string, unknown])[] => {
    const { env, kind } = pipelineOption(definitions, key);
    if (kind === 'boolean') return [];
    if (kind === 'list') return [[env, { value: literal(inputText(name)), expand: false }]];
    return [[env, inputText(name)]];
  });
  return Object.fromEntries(entries);
}
