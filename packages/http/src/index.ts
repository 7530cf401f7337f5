export { abandon, decoded, discard, encodingOf, readDecoded, readJson } from './bodies.ts';
export { readCertificates, readExtraCertificates } from './certificates.ts';
export {
  createConnections,
  defaultTimeouts,
  type ConnectionOptions,
  type Connections,
  type HttpRequest,
  type HttpResponse,
  type Timeouts,
} from './connections.ts';
export {
  connectionFailure,
  quotable,
  readErrorObject,
  withDrayErrors,
  type ConnectionFailure,
} from './failures.ts';
export { createCertificateDirectory } from './host-certificates.ts';
export { isLoopback } from './loopback.ts';
export { operationAt, operationError, unreachable, type Operation } from './operation.ts';
export { createProxyRules, type ProxyRules } from './proxy/proxy-rules.ts';
export { proxySettings, type ProxySettings } from './proxy/proxy-settings.ts';
export { rangeFrom, surplusBytes } from './ranges.ts';
export { readByRanges } from './read-by-ranges.ts';
export { followRedirects, type FinalResponse } from './redirects.ts';
export { ResumingStream, type PartialBody } from './resuming-stream.ts';
export {
  defaultRetryPolicy,
  isRetryable,
  parseRetryAfter,
  statusOf,
  systemClock,
  withRetries,
  type Clock,
  type Retry,
  type RetryPolicy,
} from './retry.ts';
export { uploadSource, type UploadSource } from './upload-source.ts';
export type { HttpBody } from './uploads.ts';
