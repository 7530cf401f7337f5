import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where the things of one private engine are. */
export interface EnginePaths {
  /** What the user named, without links. */
  readonly dataRoot: string;
  /** Of dockerd: a directory, or where a file system is mounted that only the engine sees. */
  readonly data: string;
  /** Ours; nobody else may look into it. */
  readonly own: string;
  readonly lock: string;
  readonly owner: string;
  readonly state: string;
  readonly log: string;
  readonly previousLog: string;
  /** Packs are mounted below it, for the engine only. */
  readonly packs: string;
  /** Short, because paths of sockets may have 107 bytes only. Named in the command line of all that the engine starts. */
  readonly runDir: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly config: string;
  /** Parent of the containers' control groups, in every hierarchy. */
  readonly cgroup: string;
}

/** Where the run directories of all private engines are. */
export const runRoot = '/run/drayage';

/** Decides where things are; `identity` tells directories of one name in different containers apart. Pure. */
export function enginePaths(dataRoot: string, identity: string): EnginePaths {
  const id = createHash('sha256').update(`${dataRoot}\n${identity}`).digest('hex').slice(0, 12);
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
