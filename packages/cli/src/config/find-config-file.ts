import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError, reasonOf, systemErrorCode } from '@drayage/core';

/** A configuration file. */
export interface FoundConfigFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The nearest `.dray.yml`, or `package.json` with a key `dray`, from `cwd` up to the root of its repository.
 * Outside a repository, looks only in `cwd`, so that another user's file further up has no effect. Undefined
 * if not found.
 * @throws UsageError `CONFIG_INVALID` if it cannot be read
 */
export async function findConfigFile(cwd: string): Promise<FoundConfigFile | undefined> {
  for (const dir of await searchedDirectories(cwd)) {
    const own = await readIfThere(join(dir, '.dray.yml'));
    if (own !== undefined) return own;
    const manifest = await readIfThere(join(dir, 'package.json'));
    // Spares most runs from parsing; the parser then checks that it is a key.
    if (manifest?.text.includes('"dray"') === true && hasDrayKey(manifest.text)) return manifest;
  }
  return undefined;
}

/** The given file. @throws UsageError `CONFIG_INVALID` if it is missing or cannot be read */
export async function readConfigFile(path: string): Promise<FoundConfigFile> {
  const found = await readIfThere(path);
  if (found !== undefined) return found;
  throw new UsageError('CONFIG_INVALID', `cannot read configuration file ${path}: file not found`, {
    hint: 'Set --config or DRAY_CONFIG to the path of a YAML or JSON file.',
  });
}

/** True if the file has its settings under the key `dray`. */
export function isPackageManifest(path: string): boolean {
  return basename(path) === 'package.json';
}

async function searchedDirectories(cwd: string): Promise<readonly string[]> {
  const start = resolve(cwd);
  const dirs = [start];
  for (let dir = start; ; dir = dirname(dir)) {
    if (dir !== start) dirs.push(dir);
    if (await exists(join(dir, '.git'))) return dirs;
    if (dir === dirname(dir)) return [start];
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<FoundConfigFile | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw new UsageError('CONFIG_INVALID', `cannot read configuration file ${path}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

// npm reports a package.json that is not JSON.
function hasDrayKey(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && Object.hasOwn(value, 'dray');
  } catch {
    return false;
  }
}
