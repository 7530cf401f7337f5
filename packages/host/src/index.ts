export { hasSysAdmin, whyNoMounts } from './mount-right.ts';
export { parseMountinfo } from './mountinfo.ts';
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
export { findProgram, installHint, requireProgram, searchPath, type Environment } from './programs.ts';
export { runCommand, type CommandOptions, type CommandResult } from './run-command.ts';
export { runProgram } from './run-program.ts';
export { shellCommand, shellQuote } from './shell-quote.ts';
export { askShell, becomeProgram, takeAnswer, type Answer } from './shell-session.ts';
