import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Proves that a layer's tree is a real directory of its pack: what is opened without following a link has the
 * device of the pack's root.
 * @throws Error with the reason
 */
export async function checkTree(tree: string): Promise<void> {
  const [root, found] = [await deviceOf(dirname(tree)), await deviceOf(tree)];
  if (found !== root) throw new Error(`${basename(tree)} is on another file system than its pack`);
}

async function deviceOf(directory: string): Promise<bigint> {
  const opened = await open(directory, flags);
  try {
    return (await opened.stat({ bigint: true })).dev;
  } finally {
    await opened.close();
  }
}

/**
 * Defines `check_tree`, the same for a shell: ends it unless `$1` is a real directory of the directory that
 * it is named in.
 */
export const checkTreeFunction = `
place() { cd -P "$1" && pwd -P; }
check_tree() {
  [ ! -L "$1" ] && [ -d "$1" ] && [ "$(place "$1")" = "$(place "\${1%/*}")/\${1##*/}" ] && return
  echo "$1 is not a directory of its pack" >&2
  exit 1
}`;
