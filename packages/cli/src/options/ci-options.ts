import { ciSystems } from '@drayage/ci';
import type { OptionTable } from './option.ts';
import { pathType, textType } from './value-types.ts';

/** Which they are. */
export type CiOptionKey =
  'pipeline' | 'prepullJob' | 'gitlabToken' | 'branch' | 'tag' | 'event' | 'into' | 'checksums';

/** The part of the option table that is about CI systems: what this run is, and the templates for them. */
export const ciOptions: Pick<OptionTable, CiOptionKey> = {
  pipeline: {
    flag: 'pipeline',
    env: 'DRAY_PIPELINE',
    otherEnv: [
      ...ciSystems.flatMap(({ pipelineVariable }) => pipelineVariable ?? []),
      ...['GITHUB_RUN_ID', 'BUILDKITE_BUILD_ID', 'BUILD_TAG'],
    ],
    configKey: 'pipeline',
    type: textType('ID'),
    default: undefined,
    summary:
      'name of this pipeline run, so that left-overs of another run are ignored; known by itself in most CI systems',
  },
  prepullJob: {
    flag: 'prepull-job',
    env: 'DRAY_PREPULL_JOB',
    configKey: 'prepullJob',
    type: textType('NAME'),
    default: undefined,
    summary:
      'job of the pipeline that pre-pulls: GitLab is asked how it stands, so that a job that waits for a runner is waited for, and one that failed or was skipped is not',
  },
  gitlabToken: {
    // A command line can be read by others.
    flag: undefined,
    env: 'DRAY_GITLAB_TOKEN',
    configKey: undefined,
    type: textType('TOKEN'),
    default: undefined,
    summary: 'access token of the GitLab project, where the token of the job is not enough',
  },
  branch: {
    flag: undefined,
    env: 'DRAY_BRANCH',
    configKey: undefined,
    type: textType('NAME'),
    default: undefined,
    summary: 'branch of this run; known by itself in most CI systems',
  },
  tag: {
    flag: undefined,
    env: 'DRAY_TAG',
    configKey: undefined,
    type: textType('NAME'),
    default: undefined,
    summary: 'git tag of this run; known by itself in most CI systems',
  },
  event: {
    flag: undefined,
    env: 'DRAY_EVENT',
    configKey: undefined,
    type: textType('NAME'),
    default: undefined,
    summary: 'event that started this run, such as push or schedule; known by itself in most CI systems',
  },
  into: {
    flag: 'into',
    env: 'DRAY_INTO',
    configKey: undefined,
    type: pathType('DIR'),
    default: '.',
    defaultText: '.',
    summary: 'directory for the folders orbs and gitlab-templates',
  },
  checksums: {
    flag: 'checksums',
    env: 'DRAY_CHECKSUMS',
    configKey: undefined,
    type: pathType('FILE'),
    default: undefined,
    summary:
      'file as sha256sum writes it, for the files that templates install; without it they pin no checksum',
  },
};
