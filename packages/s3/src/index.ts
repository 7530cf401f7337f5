export type { CredentialSource, S3Credentials } from './credentials/credentials.ts';
export { parseEndpoint } from './location.ts';
export type { ExpiryReport, PlaceContents, StoredBundle } from './transport/clean.ts';
export { createS3Transport, type S3Transport, type S3TransportOptions } from './transport/s3-transport.ts';
