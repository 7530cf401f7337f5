// The handover between the job that pre-pulls and the job that waits.
export { copyBlob } from './handover/copy-blob.ts';
export { keyName } from './handover/key-name.ts';
export { parseTransportLocation } from './handover/transport-location.ts';
export { handOver } from './prepull/hand-over.ts';
export { formatStatus, parseStatus, type StatusDocument } from './rendezvous/status.ts';
export type { PrepullJob, PrepullJobState } from './rendezvous/prepull-job.ts';
export type { WaitPolicy } from './rendezvous/wait-decision.ts';
export type { StatusSnapshot } from './rendezvous/watch.ts';
export { waitForImages, type WaitReport } from './rendezvous/wait.ts';
