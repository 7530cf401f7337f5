export { diagnose, type DataRootFindings, type Diagnosis, type DoctorChoice } from './diagnose.ts';
export { probeDataRoot, probeLocalEngineHost } from './examine.ts';
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
} from './facts.ts';
export { probeMachine, type MachineProbe } from './probe-machine.ts';
export type { Situation, SituationKind } from './situation.ts';
export type { Way, WayName } from './ways.ts';
