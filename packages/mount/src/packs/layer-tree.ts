import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Checks that a layer's tree is a real directory of its pack: opened without following a link, it has the
 * same device as the pack's root.
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
 * Shell function `check_tree DIRECTORY`, the same check for scripts: exits with 1 unless the directory is a
 * real directory of its parent.
 */
export const checkTreeFunction = `
place() { cd -P "$1" && pwd -P; }
check_tree() {
  [ ! -L "$1" ] && [ -d "$1" ] && [ "$(place "$1")" = "$(place "\${1%/*}")/\${1##*/}" ] && return
  echo "$1 is not a directory of its pack" >&2
  exit 1
}`;
