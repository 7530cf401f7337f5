export type { CiJob, CiRun, CiSystem } from './ci-system.ts';
export { ciSystems, detectCiSystem } from './detect.ts';
