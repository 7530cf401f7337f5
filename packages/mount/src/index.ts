export { loadContainerdLibrary } from './containerd/channel.ts';
export type { EngineHost } from './engine-host/engine-host.ts';
export type { PlacedFile } from './pack-files/placed-file.ts';
export { createLocalEngineHost, type LocalEngineHostOptions } from './engine-host/local-host.ts';
export {
  createRemoteEngineHost,
  packVolumeName,
  type RemoteEngineHost,
  type RemoteEngineHostOptions,
} from './engine-host/remote-host.ts';
export { sweepPackVolume, type PackVolume } from './engine-host/remote-packs.ts';
export {
  mountLive,
  type LayerContent,
  type LiveMountRequest,
  type LiveMountResult,
} from './live/live-mount.ts';
export type { LiveUpkeepRequest } from './live/live-engine.ts';
export type { Repair } from './live/repair.ts';
export { holdPack, type HeldPack, type PackTrust } from './pack-files/hold-pack.ts';
export { sweepPrivateCopies } from './pack-files/private-copy.ts';
export { readWriteFacts, type WriteAccessQuery } from './pack-files/read-write-access.ts';
export { canCompareInodes, losetupShowsInode, sameFileFunction } from './pack-files/same-file.ts';
export { judgeWriteAccess, type WriteVerdict } from './pack-files/write-access.ts';
export { layerTree, mountedPacks, packFolder, packMountPoint } from './packs/pack-folder.ts';
export { packOptions } from './packs/pack-mounts.ts';
export { listRoots, parseRoots } from './packs/pack-roots.ts';
export { readPackRoot } from './packs/read-pack-root.ts';
