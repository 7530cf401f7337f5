export { hasSysAdmin, isMapped, mountRights, whyNoMounts } from './mount-right.ts';
export { parseMountinfo, type MountEntry } from './mountinfo.ts';
export {
  currentPidSpace,
  identifyProcess,
  isRunning,
  parseStartTime,
  processesNaming,
  signalProcess,
  waitForEnd,
  type PidSpace,
  type ProcessIdentity,
} from './process-table.ts';
export {
  findProgram,
  installHint,
  requireProgram,
  searchPath,
  systemEnvironment,
  type Environment,
} from './programs.ts';
export { lastWords, runProgram, type ProgramOptions, type ProgramResult } from './run-program.ts';
export { shellCommand, shellQuote } from './shell-quote.ts';
export { openShellSession, type ShellSession } from './shell-session.ts';
export { writeFileAtOnce } from './write-file.ts';
