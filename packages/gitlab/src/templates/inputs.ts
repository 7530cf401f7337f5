import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { InputGroup, TemplateInput } from './input.ts';
import { loadInputs, optionInput, prepullInputs } from './option-inputs.ts';
import { anyText, checksums, gitlabDuration, jobName, jobPrefix, someText, version } from './patterns.ts';

/** Every input of the template, in the order of its header and of the README's tables. */
export function inputGroups(definitions: PipelineDefinitions): readonly InputGroup[] {
  const ofOption = (input: Parameters<typeof optionInput>[1]): TemplateInput =>
    optionInput(definitions, input);
  return [
    { title: 'The images', inputs: prepullInputs.map(ofOption) },
    { title: 'The pre-pull job', inputs: jobInputs },
    { title: 'The handover', inputs: handoverInputs },
    { title: 'The jobs that need the images', inputs: [...loadInputs.map(ofOption), dindImage] },
    { title: 'The dray command', inputs: installInputs(definitions) },
  ];
}

const jobInputs: readonly TemplateInput[] = [
  {
    name: 'job_name',
    type: 'string',
    description: 'name of the pre-pull job',
    default: 'drayage:prepull',
    regex: jobName,
  },
  {
    name: 'job_prefix',
    type: 'string',
    description: 'prefix of the names of the hidden jobs; use another one for a second include of this file',
    default: '.drayage',
    regex: jobPrefix,
  },
  {
    name: 'stage',
    type: 'string',
    description:
      'stage of the pre-pull job, one of your "stages": choose the stage of the tests; jobs of later stages wait for it',
    default: 'test',
    regex: someText,
  },
  {
    name: 'image',
    type: 'string',
    description:
      'image of the pre-pull job, with a shell and the programs that the preparation commands use; Node.js 20.19 or later makes the download smaller',
    default: 'node:22-alpine',
    regex: someText,
  },
  {
    name: 'job_timeout',
    type: 'string',
    description:
      'maximum duration of the pre-pull job; GitLab then stops it, and jobs that wait for it go on',
    default: '30 minutes',
    regex: gitlabDuration,
  },
];

const handoverInputs: readonly TemplateInput[] = [
  {
    name: 'handover',
    type: 'string',
    description:
      "handover location of the images: gitlab://packages is the project's package registry; or a directory that the jobs share",
    default: 'gitlab://packages',
    regex: someText,
  },
  {
    name: 'artifacts',
    type: 'boolean',
    description:
      'hand the images over as artifacts of the pre-pull job instead; a failed download of artifacts fails the job that needs them',
    default: false,
  },
  {
    name: 'artifacts_expire_in',
    type: 'string',
    description: 'how long GitLab keeps these artifacts',
    default: '1 day',
    regex: gitlabDuration,
  },
];

const dindImage: TemplateInput = {
  name: 'dind_image',
  type: 'string',
  description: 'docker-in-docker image for the hidden jobs with an engine',
  default: 'docker:28-dind',
  regex: someText,
};

function installInputs({ version: current, files }: PipelineDefinitions): readonly TemplateInput[] {
  return [
    {
      name: 'dray_version',
      type: 'string',
      description: 'version of the dray command; each version has its own checksums',
      default: current,
      regex: version,
    },
    {
      name: 'install_from',
      type: 'string',
      description:
        'source of the dray command: npm, the URL of a mirror of the npm registry, the URL of one .tgz file, or the path of a .tgz file or of a directory that holds the released files',
      default: 'npm',
      regex: anyText,
    },
    {
      name: 'install_checksums',
      type: 'string',
      description:
        'words NAME=SHA256, one for each file that may be installed; required for files from the network',
      default: files.map(({ name, sha256 }) => `${name}=${sha256}`).join(' '),
      defaultText: 'checksums of this version',
      regex: checksums,
    },
  ];
}
