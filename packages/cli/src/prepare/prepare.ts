import { DrayError, maskSecrets, printable, reasonOf, throwIfAborted } from '@drayage/core';
import type { Host } from '../host.ts';
import type { PrepareCommand } from '../options/option.ts';
import type { Progress } from '../output/progress.ts';
import { humanDuration } from '../output/quantities.ts';
import { withEncodedForms } from './encoded-secrets.ts';
import { createMaskedLines } from './masked-lines.ts';
import { runCommand, type CommandEnd } from './run-command.ts';
import { commandSecrets, knownSecrets } from './secrets.ts';

export interface PrepareContext {
  readonly host: Host;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Runs the preparation commands in order, and prints their output line by line without secrets. Failures of
 * optional commands are warnings.
 * @throws DrayError `PREPARE_FAILED` with the command and how it ended; `ABORTED`
 */
export async function prepare(commands: readonly PrepareCommand[], context: PrepareContext): Promise<void> {
  for (const command of commands) {
    // An earlier command can have logged in, which adds secrets.
    const plain = [...(await knownSecrets(context.host)), ...commandSecrets(command.run)];
    const secrets = withEncodedForms(plain);
    const name = commandName(command, secrets);
    context.progress.status(`preparing: ${name}`);
    const startedAt = performance.now();
    const end = await runMasked(command, name, secrets, context);
    throwIfAborted(context.signal, `run ${name}`);
    const took = humanDuration(performance.now() - startedAt);
    if (end.kind === 'exited' && end.status === 0) {
      context.progress.line(`prepare  ${name}  done  ${took}`);
      continue;
    }
    const error = prepareFailed(command, name, end);
    if (!command.optional) throw error;
    context.progress.line(`dray: warning: ${error.message}; it is optional`);
  }
}

/** The name of a command, or else its first line. */
function commandName({ name, run }: PrepareCommand, secrets: ReadonlySet<string>): string {
  const text = name ?? run.trim();
  const [first = ''] = maskSecrets(text, secrets).split(/\r?\n/);
  const isCut = text.includes('\n') || first.length > 120;
  return `"${printable(first.slice(0, 120))}${isCut ? '…' : ''}"`;
}

async function runMasked(
  command: PrepareCommand,
  name: string,
  secrets: ReadonlySet<string>,
  { host, progress, signal }: PrepareContext,
): Promise<CommandEnd> {
  const emit = (text: string): void => progress.line(`prepare  ${text}`);
  // stdout and stderr are split into lines separately.
  const outputs = { stdout: createMaskedLines(secrets, emit), stderr: createMaskedLines(secrets, emit) };
  progress.line(`prepare  ${name}`);
  const end = await runCommand({
    script: command.run,
    cwd: command.dir ?? host.cwd,
    env: host.env,
    timeoutMs: command.timeoutMs,
    onOutput: (stream, chunk) => outputs[stream].write(chunk),
    signal,
  });
  outputs.stdout.end();
  outputs.stderr.end();
  return end;
}

function prepareFailed({ timeoutMs }: PrepareCommand, name: string, end: CommandEnd): DrayError {
  const isLate = end.kind === 'timed-out';
  return new DrayError('PREPARE_FAILED', `cannot prepare with ${name}: ${endText(end, timeoutMs)}`, {
    hint: isLate
      ? 'Give it a longer "timeout", or check what it waits for.'
      : 'Read its output above, or mark it "optional: true" if the pre-pull can do without it.',
    details: { command: name, end: end.kind, ...(end.kind === 'exited' ? { status: end.status } : {}) },
    ...(end.kind === 'failed' ? { cause: end.error } : {}),
  });
}

function endText(end: CommandEnd, timeoutMs: number): string {
  switch (end.kind) {
    case 'exited':
      return `it ended with exit status ${end.status}`;
    case 'killed':
      return `it was killed by ${end.signal}`;
    case 'timed-out':
      return `it took longer than ${humanDuration(timeoutMs)}`;
    case 'aborted':
      return 'it was stopped';
    case 'failed':
      return `it did not start: ${reasonOf(end.error)}`;
  }
}
