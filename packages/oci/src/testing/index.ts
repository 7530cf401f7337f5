export type { StrictFault, StrictRequest, StrictSettings } from './settings.ts';
export { startStrictRegistry, type StrictRegistry, type StrictRegistryOptions } from './strict-registry.ts';
