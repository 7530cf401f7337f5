import { shellCommand } from './shell-quote.ts';

/** What a command in the holder has come to. */
export interface Answer {
  readonly exitCode: number;
  /** Of both streams, as it came. */
  readonly output: string;
}

/**
 * The text that makes a shell run a script as one command, without input, and then say `marker` and the exit code on a line of its own. Pure.
 * It is run by a shell of its own, so that an `exit` or `cd` in it ends there.
 */
export function askShell(script: string, args: readonly string[], marker: string): string {
  const command = shellCommand(['sh', '-c', script, 'drayage', ...args]);
  return `${command} </dev/null 2>&1; printf '\\n%s %s\\n' ${marker} "$?"\n`;
}

/** The text that turns the shell into another program, which writes both its streams to the end of a file. Pure. */
export function becomeProgram(argv: readonly string[], logFile: string): string {
  return `exec ${shellCommand(argv)} </dev/null >>${shellCommand([logFile])} 2>&1\n`;
}

/** The first whole answer in what the shell has printed so far, and what follows it. Pure. */
export function takeAnswer(
  text: string,
  marker: string,
): { readonly answer: Answer; readonly rest: string } | undefined {
  const found = new RegExp(`\\n${marker} (\\d+)\\n`).exec(text);
  if (found === null) return undefined;
  const answer = { exitCode: Number(found[1]), output: text.slice(0, found.index) };
  return { answer, rest: text.slice(found.index + found[0].length) };
}
