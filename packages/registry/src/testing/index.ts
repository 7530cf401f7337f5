export { bytesContent, generatedContent, randomBytes, type BlobContent } from './content.ts';
export type { Fault, FaultEffect, RequestKind, RequestLogEntry } from './faults.ts';
export type { RegistryAuth } from './guard.ts';
export { startFaultyRegistry, type FaultyRegistry, type FaultyRegistryOptions } from './faulty-registry.ts';
