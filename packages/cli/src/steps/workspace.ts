import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, systemErrorCode } from '@drayage/core';
import { detectCiSystem } from '@drayage/ci';
import type { CommandContext } from '../command.ts';

/** The paths of one pre-pull in the directory that the CI system carries from job to job. */
export interface Workspace {
  readonly key: string;
  /** The index of this node among the parallel nodes of the job. */
  readonly node: string;
  /** Reports of this job; later jobs do not get them. */
  readonly reports: string;
  /** One folder per node of the pre-pull job. */
  readonly bundles: string;
  /** The bundle of this node. */
  readonly ownBundle: string;
  /** One folder per node that has begun. */
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

/** The name of the pre-pull in a workspace that has only one. */
const defaultKey = 'prepull';

/** The workspace of this job; undefined if not configured. */
export function findWorkspace({ config, host }: CommandContext): Workspace | undefined {
  const { workspace, key = defaultKey } = config;
  if (workspace === undefined) return undefined;
  return workspaceAt(workspace, key, detectCiSystem(host.env).readJob(host.env).node);
}

/**
 * The key at the handover location for the command that a step runs: parallel pre-pulls of one pipeline stay
 * apart there, too. Undefined, which means the pipeline's, if the pipeline has one pre-pull or is unknown.
 */
export function handoverKeyOfStep({
  key = defaultKey,
  pipeline,
}: CommandContext['config']): string | undefined {
  return key === defaultKey || pipeline === undefined ? undefined : `${pipeline}-${key}`;
}

/** The workspace of this job. @throws UsageError `USAGE` if not configured */
export function requireWorkspace(context: CommandContext): Workspace {
  const found = findWorkspace(context);
  if (found !== undefined) return found;
  throw new UsageError('USAGE', 'cannot find the bundles of other jobs: no workspace given', {
    hint: 'Pass --workspace with the directory that the CI system carries from job to job.',
  });
}

/** The paths of the folders in a directory, sorted; empty if it does not exist. */
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

/** The file in which the pre-pull step of this job records its exit code for `dray ci check`. */
export function exitCodeFile({ reports, key, node }: Workspace): string {
  return join(reports, `prepull-${key}-${node}.exit-code`);
}
