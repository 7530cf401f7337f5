export type { GitlabAccess, GitlabToken } from './api/access.ts';
export type { HttpProxy } from './http/connections.ts';
export type { GitlabPrepullJob, GitlabPrepullJobOptions } from './jobs/gitlab-prepull-job.ts';
export { createGitlabPrepullJob } from './jobs/gitlab-prepull-job.ts';
export type { ExpiryReport } from './transport/expire.ts';
export type { GitlabTransport, GitlabTransportOptions } from './transport/gitlab-transport.ts';
export { createGitlabTransport } from './transport/gitlab-transport.ts';
export { renderGitlabTemplates } from './templates/render-templates.ts';
