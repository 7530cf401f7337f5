import { ciSystems } from '@drayage/ci';
import type { OptionTable } from './option.ts';
import { pathType, textType } from './value-types.ts';

/** The keys of {@link ciOptions}. */
export type CiOptionKey =
  | 'pipeline'
  | 'prepullJob'
  | 'gitlabToken'
  | 'httpToken'
  | 'oidcToken'
  | 'branch'
  | 'tag'
  | 'event'
  | 'into'
  | 'checksums';

/** The options about CI systems: facts about this run, and rendering of templates. */
export const ciOptions: Pick<OptionTable, CiOptionKey> = {
  pipeline: {
    flag: 'pipeline',
    env: 'DRAY_PIPELINE',
    otherEnv: ciSystems.flatMap(({ pipelineVariable }) => pipelineVariable ?? []),
    configKey: 'pipeline',
    type: textType('ID'),
    default: undefined,
    summary: 'name of this pipeline run, to ignore leftovers of other runs; detected in most CI systems',
  },
  prepullJob: {
    flag: 'prepull-job',
    env: 'DRAY_PREPULL_JOB',
    configKey: 'prepullJob',
    type: textType('NAME'),
    default: undefined,
    summary:
      'name of the pre-pull job in this pipeline: dray asks GitLab, GitHub (with GITHUB_TOKEN) or Buildkite (key of the step) for its state, so that it waits for a job that has no runner yet, but not for one that failed or was skipped',
  },
  gitlabToken: {
    // No flag: other users can read a command line.
    env: 'DRAY_GITLAB_TOKEN',
    type: textType('TOKEN'),
    default: undefined,
    summary: 'access token of the GitLab project, if the job token is not sufficient',
  },
  httpToken: {
    flag: undefined,
    env: 'DRAY_HTTP_TOKEN',
    configKey: undefined,
    type: textType('TOKEN'),
    default: undefined,
    summary: 'bearer token for a handover location on a web server; default: the login in .netrc',
  },
  oidcToken: {
    flag: undefined,
    env: 'DRAY_OIDC_TOKEN',
    otherEnv: ['CIRCLE_OIDC_TOKEN_V2', 'CIRCLE_OIDC_TOKEN'],
    configKey: undefined,
    type: textType('TOKEN'),
    default: undefined,
    summary: 'token of the job (OIDC) that assumes the role in AWS_ROLE_ARN; detected in CircleCI',
  },
  branch: {
    env: 'DRAY_BRANCH',
    type: textType('NAME'),
    default: undefined,
    summary: 'branch of this run; detected in most CI systems',
  },
  tag: {
    env: 'DRAY_TAG',
    type: textType('NAME'),
    default: undefined,
    summary: 'git tag of this run; detected in most CI systems',
  },
  event: {
    env: 'DRAY_EVENT',
    type: textType('NAME'),
    default: undefined,
    summary: 'event that started this run, such as push or schedule; detected in most CI systems',
  },
  into: {
    flag: 'into',
    env: 'DRAY_INTO',
    type: pathType('DIR'),
    default: '.',
    summary: 'parent directory of the folders orbs and gitlab-templates',
  },
  checksums: {
    flag: 'checksums',
    env: 'DRAY_CHECKSUMS',
    type: pathType('FILE'),
    default: undefined,
    summary:
      'output of sha256sum for the files that templates install; without it, templates pin no checksum',
  },
};
