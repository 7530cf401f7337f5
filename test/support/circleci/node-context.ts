import type { CacheStore } from './cache.ts';
import type { Machine } from './machine.ts';
import type { Workspace, WorkspaceLayer } from './workspace.ts';

/** What the steps of one node have around them. */
export interface NodeContext {
  readonly machine: Machine;
  readonly executor: 'docker' | 'machine' | 'macos';
  readonly job: string;
  readonly node: number;
  /** Variables of every step; a step may add some. */
  readonly env: Record<string, string>;
  readonly workingDirectory: string;
  readonly shell: string;
  /** The folder with what `checkout` brings. */
  readonly source: string;
  /** The engine that `setup_remote_docker` gives. */
  readonly engineHost: string;
  readonly workspace: Workspace;
  readonly caches: CacheStore;
  readonly artifacts: Map<string, string>;
  /** The layers that an attach of this job brings, in graph order. */
  readonly upstreamLayers: () => readonly WorkspaceLayer[];
  readonly isUpstream: (job: string, of: string) => boolean;
}
