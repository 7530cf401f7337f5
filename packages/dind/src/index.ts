export type { CommandOptions, CommandResult, EngineReach } from './reach/reach.ts';
export type { LocalReachOptions } from './reach/local.ts';
export { createLocalReach } from './reach/local.ts';
export type { RemoteReach, RemoteReachOptions } from './reach/remote.ts';
export { createRemoteReach, packVolumeName } from './reach/remote.ts';
export type { PackVolume } from './reach/remote-packs.ts';
export { sweepPackVolume } from './reach/remote-packs.ts';
export type { LayerContent, LiveMountRequest, LiveMountResult } from './containerd/live-mount.ts';
export { mountLive } from './containerd/live-mount.ts';
export { loadContainerdLibrary } from './containerd/channel.ts';
export type { LiveUpkeepRequest } from './containerd/live-upkeep.ts';
export { repairLiveMounts, sweepLiveMounts } from './containerd/live-upkeep.ts';
export type { Repair } from './containerd/repair.ts';
export type {
  PrivateEngine,
  PrivateEngineContent,
  PrivateEngineEvent,
  PrivateEngineOptions,
  PrivateEngineStatus,
  StatusOptions,
  StopOptions,
  StopResult,
  UnmountedImage,
} from './private-engine/options.ts';
export { startPrivateEngine } from './private-engine/start.ts';
export { stopPrivateEngine } from './private-engine/stop.ts';
export { privateEngineStatus } from './private-engine/status.ts';
export type { Environment } from './private-engine/programs.ts';
export type { StorageBackend, StorageChoice, StorageFacts, StorageWish, Trial } from './storage/choose.ts';
export { chooseStorage, storageBackends } from './storage/choose.ts';
export type { ProbeOptions } from './storage/probe.ts';
export { probeStorage } from './storage/probe.ts';
export type { DataRootFindings, Diagnosis, DoctorChoice } from './doctor/diagnose.ts';
export { diagnose } from './doctor/diagnose.ts';
export type {
  CapabilityFacts,
  CgroupFacts,
  ContainerFacts,
  DeviceFacts,
  DoctorFacts,
  KernelFilesystem,
  KernelSupport,
  MachineFacts,
  MemoryFacts,
  ProgramFacts,
  StorageLook,
} from './doctor/facts.ts';
export type { MachineProbe } from './doctor/probe-machine.ts';
export { probeMachine } from './doctor/probe-machine.ts';
export { probeDataRoot, probeLocalReach } from './doctor/examine.ts';
export type { Situation, SituationKind } from './doctor/situation.ts';
export type { Way, WayName } from './doctor/ways.ts';
export type { BakedContext, BakedPack, BakeRequest } from './bake/write-context.ts';
export { writeBakeContext } from './bake/write-context.ts';
export type { DockerClientRequest } from './bake/docker-client.ts';
export { runDockerClient } from './bake/docker-client.ts';
