export { relayPlaces } from './beside/relay-record.ts';
export { runRelay, type Starter } from './beside/run-relay.ts';
export { startBesideEngine, type BesideOptions, type StartedBeside } from './beside/start-relay.ts';
export { besideEngineStatus, stopBesideEngine } from './beside/stop-relay.ts';
export type { LayoutEntry } from './classic/layout-entry.ts';
export { classicLayout } from './classic/layout.ts';
export { layoutTar } from './classic/layout-tar.ts';
export type {
  PrivateEngine,
  PrivateEngineEvent,
  PrivateEngineOptions,
  PrivateEngineStatus,
  StatusOptions,
  StopOptions,
  StopResult,
  UnmountedImage,
} from './engine/options.ts';
export { createMounter, type MounterOptions } from './mounter/mounter.ts';
export { startPrivateEngine } from './engine/start.ts';
export { privateEngineStatus } from './engine/status.ts';
export { stopPrivateEngine } from './engine/stop.ts';
export {
  chooseStorage,
  storageBackends,
  type StorageBackend,
  type StorageChoice,
  type StorageFacts,
  type StorageWish,
  type Trial,
} from './storage/choose.ts';
export { filesystemAt, probeStorage, type ProbeOptions, type ScratchRun } from './storage/probe.ts';
