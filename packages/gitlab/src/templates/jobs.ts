import { pipelineOption } from '@drayage/core';
import type { PipelineDefinitions } from '@drayage/core';
import { inputText } from './input.ts';
import { loadInputs, prepullInputs } from './option-inputs.ts';
import type { OptionInput } from './option-inputs.ts';
import type { TemplateScripts } from './scripts.ts';
import { literal, reference } from './yaml-text.ts';
import type { YamlEntry } from './yaml-text.ts';

/** Where a bundle is, in the working copy, that travels as artifacts. */
const artifactsDir = '.dray/bundle';

/** The jobs of the template: the one that pre-pulls, and the hidden ones for jobs that need the images. */
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
      'Runs beside the tests and pre-pulls the images. Whatever becomes of it, the pipeline goes on.\nGive it rules, tags or a before_script of your own by a job of the same name.',
    value: {
      extends: [handover('prepull'), switchName('frozen')],
      stage: inputText('stage'),
      image: inputText('image'),
      inherit: { default: ['tags'] },
      needs: [],
      allow_failure: true,
      interruptible: true,
      timeout: inputText('job_timeout'),
      variables: {
        // Nothing is taken from its history.
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
      'For a job that needs the images, and has an engine: they are there before its script. With a before_script of its\nown it begins that with !reference [this job, before_script].',
    value: {
      extends: [handover('load'), switchName('strict')],
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
      'The same, with an engine in a service. The runner has to be privileged, with the volume /certs/client.',
    value: {
      extends: hidden('load'),
      services: [
        {
          name: inputText('dind_image'),
          alias: 'docker',
          // Only this image store takes mounts while the engine runs; it is the default since Docker 29.
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
      'The same, with an engine in the job itself, into which packs are mounted. The runner has to be privileged, and the\nimage to have dockerd.',
    value: {
      extends: hidden('load'),
      image: inputText('dind_image'),
      variables: {
        // The entry point of the image would have it that there is a service.
        DOCKER_HOST: 'unix:///var/run/docker.sock',
        [pipelineOption(definitions, 'delivery').env]: 'mount',
        // The image has a volume there, which no other engine uses.
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
      'The same, for a machine that lives on after the job (shell executor): what was received is kept for the next job.',
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
    comment: "To extend beside one of the above: keeps the dray command in GitLab's cache.",
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
    { ...entry('install', scripts.install), comment: 'What the jobs above are made of.' },
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

/** What `artifacts` decides: GitLab has no conditions, but the name of a hidden job may have an input in it. */
function handoverJobs(definitions: PipelineDefinitions): readonly YamlEntry[] {
  const [bundle, place, settled] = ['bundle', 'handover', 'settled'].map(
    (key) => pipelineOption(definitions, key).env,
  );
  const byUrl = { variables: { [place ?? '']: inputText('handover') } };
  return [
    { key: hidden('prepull:artifacts-false'), value: byUrl, comment: 'Chosen by inputs.' },
    {
      key: hidden('prepull:artifacts-true'),
      value: {
        variables: {
          [bundle ?? '']: artifactsDir,
          // Layers are compressed already.
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

/** Options that an input switches on. Off, they set nothing, so that the configuration file may. */
const switchKeys = ['frozen', 'strict'] as const;

function switchName(key: (typeof switchKeys)[number]): string {
  return hidden(`${key}-${inputText(key)}`);
}

function switches(definitions: PipelineDefinitions): readonly YamlEntry[] {
  return switchKeys.flatMap((key) => [
    { key: hidden(`${key}-false`), value: { variables: {} } },
    { key: hidden(`${key}-true`), value: { variables: { [pipelineOption(definitions, key).env]: 'true' } } },
  ]);
}

const installVariables = {
  DRAY_INSTALL_VERSION: inputText('dray_version'),
  DRAY_INSTALL_FROM: inputText('install_from'),
  DRAY_INSTALL_CHECKSUMS: inputText('install_checksums'),
};

/**
 * The variables that inputs become. A list comes as JSON in a line of its own, which no value can leave; and no variable in it is expanded by
 * the runner: the command and the shell know more of them.
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
