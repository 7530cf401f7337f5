export {
  ambientCredentials,
  webIdentityCredentials,
  type AwsCredentialOptions,
  type WebIdentity,
} from './credentials/aws-credentials.ts';
export type { CredentialSource, S3Credentials } from './credentials/credentials.ts';
export { readGithubToken, type GithubTokenRequest } from './credentials/github-token.ts';
export { parseEndpoint } from './location.ts';
export type { ExpiryReport } from './transport/clean.ts';
export { createS3Transport, type S3Transport, type S3TransportOptions } from './transport/s3-transport.ts';
