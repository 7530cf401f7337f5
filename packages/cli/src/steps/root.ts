import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { isObject } from '@drayage/core';

type Env = Readonly<Record<string, string | undefined>>;

/** Root for the user of this job, by sudo. */
export interface Root {
  /** Words to put before a command. Sets PATH, because sudo replaces it. */
  prefix(env: Env): readonly string[];
  /** Sends a signal to a root process, or to a group (negative number); best effort. */
  kill(target: number, signal: 'TERM' | 'KILL'): void;
  /** Makes the user the owner of files; best effort. */
  give(paths: readonly string[]): Promise<void>;
}

/** Root by sudo, if requested, necessary and allowed without a password. `uid`: of this process. */
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

/** The naming of sockets of private engines and relays; no other file changes its owner. */
const socketPattern = /^unix:\/\/(\/(?:run\/drayage|(?:\S+\/)?drayage-beside-0)\/[0-9a-f]+\/docker\.sock)$/;

/**
 * Lets the job's user use the private engine in a report, which root has started: only root can use its
 * socket, and this user can become root anyway.
 */
export async function shareEngine(report: string, root: Root | undefined): Promise<void> {
  const [, socket] = socketPattern.exec(dockerHostOf(report) ?? '') ?? [];
  if (socket !== undefined) await root?.give([dirname(socket), socket]);
}

/** The `dockerHost` of a JSON report, if any. */
export function dockerHostOf(report: string): string | undefined {
  try {
    const value: unknown = JSON.parse(report);
    const host = isObject(value) ? value['dockerHost'] : undefined;
    return typeof host === 'string' ? host : undefined;
  } catch {
    // The report is incomplete.
    return undefined;
  }
}
