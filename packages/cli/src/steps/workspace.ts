import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, systemErrorCode } from '@drayage/core';
import { detectCiSystem } from '@drayage/ci';
import type { CommandContext } from '../command.ts';

/** Where one pre-pull keeps what in the directory that the CI system carries from job to job. */
export interface Workspace {
  readonly key: string;
  /** Which of the parallel copies of this job this is. */
  readonly node: string;
  /** Reports of this job; not carried on. */
  readonly reports: string;
  /** One folder for each node of the pre-pull job. */
  readonly bundles: string;
  /** The bundle of this node. */
  readonly ownBundle: string;
  /** One folder for each node that has begun. */
  readonly begun: string;
}

function workspaceAt(dir: string, key: string, node: string): Workspace {
  const root = join(dir, 'drayage');
  const bundles = join(root, key);
  return {
    ...{ key, node, bundles },
    reports: join(root, '.report'),
    ownBundle: join(bundles, node),
    begun: join(root, '.begun', key),
  };
}

/** The workspace of this job; undefined when none is named. */
export function findWorkspace({ config, host }: CommandContext): Workspace | undefined {
  const { workspace, key } = config;
  if (workspace === undefined) return undefined;
  return workspaceAt(workspace, key, detectCiSystem(host.env).readJob(host.env).node);
}

/** The workspace of this job. @throws UsageError `USAGE` when none is named */
export function requireWorkspace(context: CommandContext): Workspace {
  const found = findWorkspace(context);
  if (found !== undefined) return found;
  throw new UsageError('USAGE', 'cannot find what other jobs have left: no workspace is named', {
    hint: 'Name the directory that the CI system carries from job to job with --workspace.',
  });
}

/** The paths of the folders in a directory, in order of their names; none when it does not exist. */
export async function foldersIn(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    return folders.map(({ name }) => join(dir, name)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Where the pre-pull step of this job leaves its exit code for `dray ci check`. */
export function exitCodeFile({ reports, key, node }: Workspace): string {
  return join(reports, `prepull-${key}-${node}.exit-code`);
}
