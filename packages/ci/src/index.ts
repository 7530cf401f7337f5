export type {
  CancelSequence,
  CiJob,
  CiRun,
  CiSystem,
  JobInterface,
  Level,
  LogCommands,
  LogGroup,
  SummaryTarget,
  VariableTarget,
} from './ci-system.ts';
export { describeCi, type CiDescription } from './describe.ts';
export { ciSystems, detectCiSystem } from './detect.ts';
export { createBuildkitePrepullJob, type BuildkitePrepullJobOptions } from './jobs/buildkite-prepull-job.ts';
export { createGithubPrepullJob, type GithubPrepullJobOptions } from './jobs/github-prepull-job.ts';
