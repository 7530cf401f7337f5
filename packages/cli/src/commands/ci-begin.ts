import { join } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import { recordFailure } from '../steps/failure-record.ts';
import { requireWorkspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci begin`. */
export async function runCiBegin(context: CommandContext): Promise<number> {
  const { begun, node } = requireWorkspace(context);
  await recordFailure(join(begun, node), 'the pre-pull job ended before its pre-pull finished', context.host);
  return exitCodes.done;
}
