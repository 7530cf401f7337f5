export { diagnose, type DataRootFindings, type Diagnosis } from './diagnose.ts';
export { probeDataRoot, probeLocalEngineHost } from './examine.ts';
export type {
  CapabilityFacts,
  CgroupFacts,
  ContainerFacts,
  DeliveryWish,
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
