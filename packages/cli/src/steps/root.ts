import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { isObject } from '@drayage/core';

type Env = Readonly<Record<string, string | undefined>>;

/** How the user of this job becomes root. */
export interface Root {
  /** Words that go before a command. PATH is set anew, as sudo has one of its own. */
  prefix(env: Env): readonly string[];
  /** Sends a signal to a process of root, or to a group by its negative number; best effort. */
  kill(target: number, signal: 'TERM' | 'KILL'): void;
  /** Gives files to the user; best effort. */
  give(paths: readonly string[]): Promise<void>;
}

/** Root by sudo, where that is wanted, needed and allowed without a password. `uid`: of this process. */
export async function findRoot(isWanted: boolean, uid: number, env: Env): Promise<Root | undefined> {
  const sudo = async (...args: readonly string[]): Promise<boolean> => {
    const child = spawn('sudo', ['-n', ...args], { env: { ...env }, stdio: 'ignore' });
    const end = await once(child, 'exit').catch(() => [1]);
    return end[0] === 0;
  };
  if (!isWanted || uid === 0 || !(await sudo('true'))) return undefined;
  return {
    prefix: ({ PATH = '' }) => ['sudo', '-n', '-E', 'env', `PATH=${PATH}`],
    kill: (target, signal) => void sudo('kill', `-${signal}`, '--', String(target)),
    async give(paths) {
      await sudo('chown', String(uid), ...paths);
    },
  };
}

/** The socket of a private engine, by its own naming: nothing else is given away. */
const socketPattern = /^unix:\/\/(\/run\/drayage\/[0-9a-f]+\/docker\.sock)$/;

/**
 * Lets the user of the job use the private engine that root has started, and that a report names: its socket
 * is for root alone, and this user can become root.
 */
export async function shareEngine(report: string, root: Root | undefined): Promise<void> {
  const [, socket] = socketPattern.exec(dockerHostOf(report) ?? '') ?? [];
  if (socket !== undefined) await root?.give([dirname(socket), socket]);
}

/** The `dockerHost` of a JSON report; undefined when it names none. */
export function dockerHostOf(report: string): string | undefined {
  try {
    const value: unknown = JSON.parse(report);
    const host = isObject(value) ? value['dockerHost'] : undefined;
    return typeof host === 'string' ? host : undefined;
  } catch {
    // It was cut short.
    return undefined;
  }
}
