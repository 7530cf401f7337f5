export type { Credential, CredentialSecret, CredentialStore } from './credentials.ts';
export { noCredentials } from './credentials.ts';
export { createDockerConfigCredentials } from './docker-config.ts';
export { readCertificates } from './certificates.ts';
export type { Timeouts } from './connections.ts';
export type { Clock, RetryPolicy } from './retry.ts';
export type { RegistrySourceOptions } from './registry-source.ts';
export { createRegistrySource } from './registry-source.ts';
