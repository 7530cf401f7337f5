import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runOn, takeFile, type Machine } from './machine.ts';
import type { StepEnd } from './workspace.ts';

/** The caches of a project, oldest first: never overwritten, found by the prefix of a key. */
export type CacheStore = Map<string, Buffer>;

/** Where a step that deals with caches runs. */
export interface CachePlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const SAVE = `
set -eu
archive=$1; shift; names=()
for path in "$@"; do
  case $path in "~"*) path=$HOME\${path#?};; esac
  if [ -e "$path" ]; then names+=("$(realpath -- "$path")"); else echo "Warning: could not archive $path: Not found"; fi
done
if [ "\${#names[@]}" -eq 0 ]; then echo 'Skipping: there is nothing to save'; exit 0; fi
tar --create --gzip --absolute-names --file "$archive" -- "\${names[@]}"; echo archived`;

const RESTORE =
  'tar --extract --gzip --absolute-names --no-same-owner --file "$1" || echo "Warning: it could not be unpacked"';

/** Saves paths under a key, unless the key is taken. A path that is not there is passed over. */
export async function saveCache(
  machine: Machine,
  store: CacheStore,
  { key, paths }: { readonly key: string; readonly paths: readonly string[] },
  place: CachePlace,
): Promise<StepEnd> {
  const name = await fillKey(machine, key, place);
  if (name === undefined) return { isOk: false, output: `cannot compute the key ${key}` };
  if (store.has(name)) return { isOk: true, output: `Skipping: ${name} is there already` };
  const file = join(machine.exchange, 'cache.tgz');
  const { exitCode, stdout, stderr } = await runOn(machine, SAVE, [file, ...paths], place.cwd);
  if (stdout.includes('archived')) store.set(name, takeFile(file));
  return { isOk: exitCode === 0, output: `${name}: ${stdout}${stderr}` };
}

/** Restores the newest cache that the first of the keys finds; to find none is no failure. */
export async function restoreCache(
  machine: Machine,
  store: CacheStore,
  keys: readonly string[],
  place: CachePlace,
): Promise<StepEnd> {
  for (const key of keys) {
    const prefix = await fillKey(machine, key, place);
    if (prefix === undefined) return { isOk: false, output: `cannot compute the key ${key}` };
    const name = [...store.keys()].reverse().find((known) => known.startsWith(prefix));
    const archive = name === undefined ? undefined : store.get(name);
    if (name === undefined || archive === undefined) continue;
    const file = join(machine.exchange, 'cache.tgz');
    writeFileSync(file, archive);
    const { stdout, stderr } = await runOn(machine, RESTORE, [file], place.cwd);
    return { isOk: true, output: `Found a cache: ${name}\n${stdout}${stderr}` };
  }
  return { isOk: true, output: `No cache is found for key: ${keys.join(', ')}` };
}

/** The key with its templates filled in; undefined when a file that it needs is not there. */
async function fillKey(machine: Machine, key: string, { cwd, env }: CachePlace): Promise<string | undefined> {
  let filled = '';
  let end = 0;
  for (const { 0: template, 1: expression = '', index } of key.matchAll(/\{\{\s*(.*?)\s*\}\}/g)) {
    const value = await templateValue(machine, expression, cwd, env);
    if (value === undefined) return undefined;
    filled += key.slice(end, index) + value;
    end = index + template.length;
  }
  return filled + key.slice(end);
}

async function templateValue(
  machine: Machine,
  expression: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const file = /^checksum "(.+)"$/.exec(expression)?.[1];
  if (file !== undefined) {
    const script = 'path=$1; case $path in "~"*) path=$HOME${path#?};; esac; sha256sum < "$path"';
    const { exitCode, stdout } = await runOn(machine, script, [file], cwd);
    return exitCode === 0 ? stdout.split(' ')[0] : undefined;
  }
  const variable = /^\.Environment\.(\w+)$/.exec(expression)?.[1];
  if (variable !== undefined) return env[variable] ?? '';
  const known: Readonly<Record<string, string | undefined>> = {
    '.Branch': env['CIRCLE_BRANCH'] ?? '',
    '.Revision': env['CIRCLE_SHA1'],
    '.BuildNum': env['CIRCLE_BUILD_NUM'],
    arch: 'arch1-linux-amd64-6_85',
    epoch: String(Math.floor(Date.now() / 1000)),
  };
  return known[expression];
}
