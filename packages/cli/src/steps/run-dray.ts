import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { reasonOf, systemErrorCode } from '@drayage/core';
import type { Sink } from '../host.ts';
import { optionTable } from '../options/option-table.ts';
import { stepOptions } from '../options/step-options.ts';
import type { Root } from './root.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * A dray command that a step runs in a separate process, so that the step survives its
 * failure.
 */
export interface DrayRun {
  readonly args: readonly string[];
  /** The variables of the step; the command does not get those that only the step reads. */
  readonly env: Env;
  /** The key of the bundle at the handover location; undefined: that of the pipeline. */
  readonly handoverKey?: string | undefined;
  readonly cwd: string;
  /** Undefined: runs as the user of this process. */
  readonly root: Root | undefined;
  /** Undefined: no limit. */
  readonly timeLimitMs: number | undefined;
  /** Receives the command's stderr in chunks. */
  readonly stderr: Sink;
  readonly signal: AbortSignal;
}

export interface DrayEnd {
  /**
   * The exit code of the command; 124 at the time limit, 128 plus the number of the signal that ended it, 127
   * if it did not start.
   */
  readonly exitCode: number;
  readonly stdout: string;
}

/** How long a command can take to end after SIGTERM, and its output to close after its end (ms). */
const graceMs = 10_000;

// A key names a bundle in the workspace for the step, and one at the handover location for the command.
const ownVariables = new Set([...Object.values(stepOptions), optionTable.key].map(({ env }) => env));

/** Runs a command to its end; stops it at the time limit and when `signal` aborts. Never rejects. */
export async function runDray(run: DrayRun): Promise<DrayEnd> {
  const [program = 'dray', ...args] = [...(run.root?.prefix(run.env) ?? []), 'dray', ...run.args];
  const child = spawn(program, args, {
    cwd: run.cwd,
    env: childEnv(run),
    // Its own group: a signal to the group of this process reaches the command only once, by `stop` below. A
    // second signal would end it at once, without cleanup.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => run.stderr.write(text));
  const stopping = stopInTime(child, run);
  try {
    const exitCode = await ended(child, run.stderr);
    return { exitCode: stopping.isTimedOut() ? 124 : exitCode, stdout };
  } finally {
    stopping.release();
  }
}

/** The command must not see the step's own settings. */
function childEnv({ env, handoverKey }: DrayRun): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && !ownVariables.has(name));
  return {
    ...Object.fromEntries(kept),
    ...(handoverKey === undefined ? {} : { [optionTable.key.env]: handoverKey }),
  };
}

interface Stopping {
  isTimedOut(): boolean;
  release(): void;
}

function stopInTime(child: ChildProcess, { timeLimitMs, root, signal }: DrayRun): Stopping {
  let isTimedOut = false;
  let killing: NodeJS.Timeout | undefined;
  const end = (name: 'TERM' | 'KILL'): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // After SIGKILL the command cannot end its child processes.
    const target = name === 'KILL' ? -child.pid : child.pid;
    if (root === undefined) killIfThere(target, `SIG${name}`);
    else root.kill(target, name);
  };
  const stop = (): void => {
    end('TERM');
    killing ??= setTimeout(() => end('KILL'), graceMs);
  };
  const onTime = (): void => {
    isTimedOut = true;
    stop();
  };
  const limit = timeLimitMs === undefined ? undefined : setTimeout(onTime, timeLimitMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return {
    isTimedOut: () => isTimedOut,
    release() {
      clearTimeout(limit);
      clearTimeout(killing);
      signal.removeEventListener('abort', stop);
    },
  };
}

function killIfThere(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

async function ended(child: ChildProcess, stderr: Sink): Promise<number> {
  const closed = once(child, 'close').catch(() => undefined);
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      stderr.write(`dray: cannot start the command: ${reasonOf(error)}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  });
  // Background processes of the command can hold its outputs open.
  const patience = AbortSignal.timeout(graceMs);
  await Promise.race([closed, once(patience, 'abort')]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return exitCode;
}
