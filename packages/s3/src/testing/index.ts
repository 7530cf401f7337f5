export { startS3Server, type S3Server, type S3ServerOptions } from './s3-server.ts';
export { startTokenService, type TokenService } from './token-service.ts';
export type { SigningKey } from './signature.ts';
export type { S3Exchange, S3Failure, S3Settings } from './state.ts';
