import { basename } from 'node:path';
import { UsageError, printable } from '@drayage/core';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandContext } from '../command.ts';

const scripts = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** `dray completion`. */
export async function runCompletion({ args, commands, host, config }: CommandContext): Promise<number> {
  const shell = args[0] ?? basename(host.env['SHELL'] ?? '');
  const script = scripts.get(shell);
  if (script === undefined) {
    const reason = shell === '' ? 'no shell given' : `no script for "${printable(shell, 60)}"`;
    throw new UsageError('USAGE', `cannot print a completion script: ${reason}`, {
      hint: `Name one of ${[...scripts.keys()].join(', ')}.`,
    });
  }
  const text = script(commands);
  host.stdout.write(config.json ? `${JSON.stringify({ shell, script: text })}\n` : text);
  return exitCodes.done;
}
