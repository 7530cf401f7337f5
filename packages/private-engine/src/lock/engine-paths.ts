import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** The paths of a private engine. */
export interface EnginePaths {
  /** The user's directory, with links resolved. */
  readonly dataRoot: string;
  /** dockerd's data-root: a directory, or a mount point that only the engine sees. */
  readonly data: string;
  /** Drayage's own directory, accessible to root only. */
  readonly own: string;
  readonly lock: string;
  readonly owner: string;
  readonly state: string;
  readonly log: string;
  readonly previousLog: string;
  /** Packs are mounted below it, visible to the engine only. */
  readonly packs: string;
  /**
   * Short, because socket paths are limited to 107 bytes. Appears in the command lines of all processes that
   * the engine starts.
   */
  readonly runDir: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly config: string;
  /** Parent of the containers' control groups, in every hierarchy. */
  readonly cgroup: string;
}

/** The parent of the run directories of all private engines. */
export const runRoot = '/run/drayage';

/** Derives all paths. `identity` distinguishes directories of the same name in different containers. Pure. */
export function enginePaths(dataRoot: string, identity: string): EnginePaths {
  return enginePathsOf(dataRoot, engineId(`${dataRoot}\n${identity}`));
}

/** Twelve hex digits that stand for `text`. Pure. */
export function engineId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Derives all paths of the engine with this ID. Pure. */
export function enginePathsOf(dataRoot: string, id: string): EnginePaths {
  const own = join(dataRoot, '.drayage');
  const runDir = join(runRoot, id);
  return {
    dataRoot,
    data: join(dataRoot, 'data'),
    own,
    lock: join(own, 'lock'),
    owner: join(own, 'owner.json'),
    state: join(own, 'state.json'),
    log: join(own, 'engine.log'),
    previousLog: join(own, 'engine.log.1'),
    packs: join(own, 'packs'),
    runDir,
    execRoot: join(runDir, 'exec'),
    socket: join(runDir, 'docker.sock'),
    pidFile: join(runDir, 'docker.pid'),
    config: join(runDir, 'daemon.json'),
    cgroup: `/drayage/${id}`,
  };
}
