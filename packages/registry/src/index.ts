export {
  firstCredentials,
  noCredentials,
  type Credential,
  type CredentialSecret,
  type CredentialStore,
} from './credentials/credential-store.ts';
export { createCredentials, type CredentialsOptions } from './credentials/create-credentials.ts';
export { createDockerConfigCredentials } from './credentials/docker-config.ts';
export { registryAuthOf, type RegistryAuth } from './credentials/registry-auth.ts';
export type { HelperOutcome, RunHelper } from './credentials/run-helper.ts';
export type { MirrorFailure } from './mirror-chain.ts';
export { parseMirror, parseMirrors, type MirrorSettings } from './mirrors.ts';
export type { AskedWait, RegistryOptions } from './registry-access.ts';
export { createRegistrySource } from './registry-source.ts';
export { createRepository, type ManifestAnswer, type Repository } from './repository/repository.ts';
export type { UploadRequest } from './repository/upload.ts';
export { chooseTag, type TagOptions } from './tags/choose-tag.ts';
export { parseImageSelector, type ImageSelector, type RepositoryName } from './tags/image-selector.ts';
export { resolveTag, type ResolveTagOptions } from './tags/resolve-tag.ts';
export { parseTagRange, type TagRange } from './tags/tag-range.ts';
