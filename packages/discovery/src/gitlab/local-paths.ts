import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode, throwIfAborted } from '@drayage/core';
import picomatch from 'picomatch';

/**
 * The repository of a file: `projectDirectory` (of GitLab's environment) when it contains the file, else
 * the nearest directory above with a `.git`, else the file's own directory.
 */
export async function repositoryRoot(
  filePath: string,
  projectDirectory: string | undefined,
): Promise<string> {
  const start = path.dirname(filePath);
  if (projectDirectory !== undefined && path.isAbsolute(projectDirectory)) {
    const root = path.resolve(projectDirectory);
    if (`${start}${path.sep}`.startsWith(`${root}${path.sep}`)) return root;
  }
  for (let directory = start; ; directory = path.dirname(directory)) {
    if (await exists(path.join(directory, '.git'))) return directory;
    if (directory === path.dirname(directory)) return start;
  }
}

/**
 * The files of an `include: local`, sorted. Its path is relative to the repository, with or without a
 * leading slash. A path without wildcards is returned even if the file is absent; a path out of the
 * repository is not.
 */
export async function localPaths(
  root: string,
  pattern: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const relative = path.posix.normalize(pattern.replace(/^\/+/, ''));
  if (relative === '..' || relative.startsWith('../')) return [];
  if (!relative.includes('*')) return [path.join(root, relative)];
  const { base } = picomatch.scan(relative);
  // GitLab knows no other wildcards than the stars.
  const isMatch = picomatch(relative, { dot: true, nobrace: true, noextglob: true, nobracket: true });
  const found = await filesBelow(root, base, signal);
  return found.filter((file) => isMatch(file)).map((file) => path.join(root, file));
}

async function filesBelow(
  root: string,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  throwIfAborted(signal, `list ${directory}`);
  const found: string[] = [];
  for (const entry of await entriesIn(path.join(root, directory))) {
    const relative = path.posix.join(directory, entry.name);
    if (entry.isFile()) found.push(relative);
    else if (entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules') {
      found.push(...(await filesBelow(root, relative, signal)));
    }
  }
  return found;
}

async function entriesIn(directory: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) return [];
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
