export type { GitlabAccess, GitlabToken } from './api/access.ts';
export {
  createGitlabPrepullJob,
  type GitlabPrepullJob,
  type GitlabPrepullJobOptions,
} from './jobs/gitlab-prepull-job.ts';
export { renderGitlabTemplates } from './templates/render-templates.ts';
export type { ExpiryReport } from './transport/expire.ts';
export {
  createGitlabTransport,
  type GitlabTransport,
  type GitlabTransportOptions,
} from './transport/gitlab-transport.ts';
