export { loadContainerdLibrary } from './containerd/channel.ts';
export type { EngineReach } from './engine-host/engine-host.ts';
export { createLocalReach, type LocalReachOptions } from './engine-host/local-host.ts';
export {
  createRemoteReach,
  packVolumeName,
  type RemoteReach,
  type RemoteReachOptions,
} from './engine-host/remote-host.ts';
export { sweepPackVolume, type PackVolume } from './engine-host/remote-packs.ts';
export {
  mountLive,
  type LayerContent,
  type LiveMountRequest,
  type LiveMountResult,
} from './live/live-mount.ts';
export { repairLiveMounts, sweepLiveMounts, type LiveUpkeepRequest } from './live/live-upkeep.ts';
export type { Repair } from './live/repair.ts';
export { layerTree, mountedPacks, packFolder, packMountPoint } from './packs/pack-folder.ts';
