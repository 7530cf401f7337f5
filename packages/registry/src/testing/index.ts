export { createTestCertificate } from './certificate.ts';
export type { BlobContent } from './content.ts';
export { bytesContent, generatedContent, randomBytes } from './content.ts';
export type { Fault, FaultEffect, RequestKind, RequestLogEntry } from './faults.ts';
export type { RegistryAuth } from './guard.ts';
export type { FaultyRegistry, FaultyRegistryOptions } from './faulty-registry.ts';
export { startFaultyRegistry } from './faulty-registry.ts';
export type { TestClock } from './clock.ts';
export { testClock } from './clock.ts';
