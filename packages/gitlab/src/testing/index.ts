export { startFakeGitlab, type FakeGitlab, type FakeGitlabOptions } from './fake-gitlab.ts';
export type { LeakedToken } from './object-storage.ts';
export type { FakeFailure, FakeJob, FakePackageFile, FakeRequest, FakeSettings, TokenKind } from './state.ts';
