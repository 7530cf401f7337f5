import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { Readable } from 'node:stream';

import { runOn, takeFile, type Machine } from './machine.ts';

/** What one step of one node has persisted. */
export interface WorkspaceLayer {
  readonly job: string;
  readonly node: number;
  /** A gzipped tar; tests may damage it. */
  archive: Buffer;
}

/** The layers of a workflow, in the order in which they were persisted. */
export type Workspace = WorkspaceLayer[];

/** The end of a step: its output, and whether it failed. */
export interface StepEnd {
  readonly isOk: boolean;
  readonly output: string;
}

/**
 * Names are globs as Go's filepath.Match has them: `*` is not `/`. What matches nothing fails, and so does
 * the root itself.
 */
const PERSIST = `
set -eu -o pipefail; shopt -s nullglob dotglob
archive=$1; cd -- "$2"; shift 2; names=()
for path in "$@"; do
  case $path in ''|.|./|/) echo 'the root itself cannot be persisted'; exit 1;; esac
  IFS=; matches=($path); unset IFS
  for match in "\${matches[@]}"; do if [ -e "$match" ] || [ -L "$match" ]; then names+=("$match"); fi; done
done
if [ "\${#names[@]}" -eq 0 ]; then echo "The specified paths did not match any files in $PWD"; exit 1; fi
tar --create --gzip --file "$archive" -- "\${names[@]}"`;

const ATTACH = `
set -eu
mkdir -p -- "$2"
tar --extract --gzip --no-same-owner --file "$1" --directory "$2"`;

/** Persists paths below a root of a machine as a further layer. */
export async function persist(
  machine: Machine,
  workspace: Workspace,
  what: {
    readonly job: string;
    readonly node: number;
    readonly root: string;
    readonly paths: readonly string[];
    readonly cwd: string;
  },
): Promise<StepEnd> {
  const file = join(machine.exchange, 'persist.tgz');
  const { exitCode, stdout, stderr } = await runOn(
    machine,
    PERSIST,
    [file, what.root, ...what.paths],
    what.cwd,
  );
  if (exitCode !== 0) return { isOk: false, output: stdout + stderr };
  workspace.push({ job: what.job, node: what.node, archive: takeFile(file) });
  return { isOk: true, output: stdout + stderr };
}

/** Unpacks all layers of the jobs upstream, in graph order. */
export async function attach(
  machine: Machine,
  layers: readonly WorkspaceLayer[],
  where: { readonly at: string; readonly cwd: string },
  isUpstream: (job: string, of: string) => boolean,
): Promise<StepEnd> {
  if (layers.length === 0) return { isOk: false, output: 'there is nothing to attach: 0 B' };
  const conflict = await findConflict(layers, isUpstream);
  if (conflict !== undefined)
    return { isOk: false, output: `Concurrent upstream jobs persisted the same file(s): ${conflict}` };
  let output = '';
  for (const layer of layers) {
    const file = join(machine.exchange, 'attach.tgz');
    writeFileSync(file, layer.archive);
    const done = await runOn(machine, ATTACH, [file, where.at], where.cwd);
    output += done.stdout + done.stderr;
    if (done.exitCode !== 0) return { isOk: false, output };
  }
  return { isOk: true, output };
}

/** A file that two jobs have persisted of which neither came before the other, or two nodes of one job. */
async function findConflict(
  layers: readonly WorkspaceLayer[],
  isUpstream: (job: string, of: string) => boolean,
): Promise<string | undefined> {
  const owners = new Map<string, WorkspaceLayer>();
  for (const layer of layers) {
    for (const name of await filesIn(layer.archive)) {
      const owner = owners.get(name);
      if (owner !== undefined && areConcurrent(owner, layer, isUpstream)) return name;
      owners.set(name, layer);
    }
  }
  return undefined;
}

function areConcurrent(
  one: WorkspaceLayer,
  other: WorkspaceLayer,
  isUpstream: (job: string, of: string) => boolean,
): boolean {
  if (one.job === other.job) return one.node !== other.node;
  return !isUpstream(one.job, other.job) && !isUpstream(other.job, one.job);
}

/** The files of a layer; none that can be read of one that is damaged. */
async function filesIn(archive: Buffer): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    const entries = Readable.from([gunzipSync(archive)]).pipe(extract());
    for await (const entry of entries) {
      if (entry.header.type !== 'directory') names.push(entry.header.name);
      entry.resume();
    }
  } catch {
    // Unpacking will say what is wrong.
  }
  return names;
}
