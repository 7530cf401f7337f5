import type { PipelineDefinitions } from '@drayage/core';
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
    { title: 'The way from job to job', inputs: handoverInputs },
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
    description:
      'what the names of the hidden jobs begin with; another one for a second include of this file',
    default: '.drayage',
    regex: jobPrefix,
  },
  {
    name: 'stage',
    type: 'string',
    description:
      'stage of the pre-pull job, one of your "stages": that of the tests, which it runs beside; jobs of later stages wait for it',
    default: 'test',
    regex: someText,
  },
  {
    name: 'image',
    type: 'string',
    description:
      'image of the pre-pull job, with a shell and what the preparation commands need; with Node.js 20.19 or later less is downloaded',
    default: 'node:22-alpine',
    regex: someText,
  },
  {
    name: 'job_timeout',
    type: 'string',
    description: 'when GitLab ends the pre-pull job; whoever waits goes on then',
    default: '30 minutes',
    regex: gitlabDuration,
  },
];

const handoverInputs: readonly TemplateInput[] = [
  {
    name: 'handover',
    type: 'string',
    description:
      "where the pre-pulled images are handed over: gitlab://packages is the project's package registry; or a directory that the jobs share",
    default: 'gitlab://packages',
    regex: someText,
  },
  {
    name: 'artifacts',
    type: 'boolean',
    description:
      'hand the images over as artifacts of the pre-pull job instead; a download of artifacts that fails also fails the job that needs them',
    default: false,
  },
  {
    name: 'artifacts_expire_in',
    type: 'string',
    description: 'how long those artifacts are kept',
    default: '1 day',
    regex: gitlabDuration,
  },
];

const dindImage: TemplateInput = {
  name: 'dind_image',
  type: 'string',
  description: 'docker-in-docker image of the hidden jobs that bring an engine',
  default: 'docker:28-dind',
  regex: someText,
};

function installInputs({ version: current, files }: PipelineDefinitions): readonly TemplateInput[] {
  return [
    {
      name: 'dray_version',
      type: 'string',
      description: 'version of the dray command; another one needs other checksums',
      default: current,
      regex: version,
    },
    {
      name: 'install_from',
      type: 'string',
      description:
        'where the dray command comes from: npm, the URL of a mirror of the npm registry, the URL of one .tgz file, or the path of a .tgz file or of a directory that holds the released files',
      default: 'npm',
      regex: anyText,
    },
    {
      name: 'install_checksums',
      type: 'string',
      description:
        'words NAME=SHA256, one for each file that may be installed; what comes over the network is refused without one',
      default: files.map(({ name, sha256 }) => `${name}=${sha256}`).join(' '),
      defaultText: 'those of this version',
      regex: checksums,
    },
  ];
}
