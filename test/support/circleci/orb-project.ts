import { chmodSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expandConfig, readSource, type WorkflowJob } from '@drayage/circleci/testing';

import { enginePath, type EngineVariant } from '../engine-programs.ts';
import { startEngine, type TestEngine } from '../engines.ts';
import { packRelease } from '../gitlab/release.ts';
import { buildJobImage, type Privileges } from '../job-container.ts';
import { startRegistry, type TestRegistry } from '../registry.ts';
import type { CacheStore } from './cache.ts';
import { startContainerMachine } from './container-machine.ts';
import type { Machine } from './machine.ts';
import { startNamespaceMachine } from './namespace-machine.ts';
import type { WorkflowOptions } from './workflow-options.ts';
import { startWorkflow, type WorkflowRun } from './workflow-run.ts';

const orbFile = fileURLToPath(new URL('../../../orbs/drayage/orb.yml', import.meta.url));

/** A project on CircleCI that uses the orb, and the real parts that its workflows meet. */
export interface OrbProject {
  readonly registry: TestRegistry;
  readonly engine: TestEngine;
  /** The arguments that let any command of the orb install the command line as it is built here. */
  readonly install: string;
  /** Starts the workflow of a configuration, of which the version and the orb are given. */
  run(lines: string, options?: RunOptions): WorkflowRun;
  /** Removes what earlier workflows have left in the engine, and waits for them to end. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** How a workflow of a test runs. */
export interface RunOptions extends Partial<WorkflowOptions> {
  /**
   * What jobs with the docker executor run in; without it in a namespace of this machine, which is much
   * faster.
   */
  readonly container?: { readonly user: string } | { readonly privileges: Privileges };
}

/** A user that no machine knows, in the group that may speak to the engine. */
export const unknownUser = '3434:0';

/** Starts everything; `stop` ends it. */
export async function startOrbProject(variant: EngineVariant): Promise<OrbProject> {
  const orb = readSource(readFileSync(orbFile, 'utf8'), 'orb.yml');
  const release = await packRelease();
  chmodSync(release.folder, 0o755);
  const registry = await startRegistry();
  const engine = await startEngine(variant);
  await buildJobImage(engine);
  const caches: CacheStore = new Map();
  const runs: WorkflowRun[] = [];
  const machineFor = ({ job }: WorkflowJob, container: RunOptions['container']): Promise<Machine> =>
    job.executor.kind === 'docker' && container !== undefined
      ? startContainerMachine({
          ...{ engine, variant, visible: [release.folder, engine.socketPath] },
          ...container,
        })
      : startNamespaceMachine({
          path: enginePath(variant.name),
          visible: [release.folder, dirname(engine.socketPath)],
        });
  return {
    registry,
    engine,
    install: `install_from: ${release.folder}, dray_version: ${release.version}`,
    run(lines, { container, ...options } = {}) {
      const config = `version: 2.1\norbs: { drayage: drayage/drayage@0 }\n${lines}`;
      const { workflows } = expandConfig(config, { orbs: { 'drayage/drayage@0': orb } });
      const [workflow] = workflows.values();
      if (workflow === undefined) throw new Error('there is no workflow');
      const run = startWorkflow(workflow, {
        machineFor: (job) => machineFor(job, container),
        ...{ engineHost: engine.host, caches },
        ...options,
      });
      runs.push(run);
      return run;
    },
    async reset() {
      for (const run of runs.splice(0)) await run.finished;
      await removeImages(engine);
    },
    async stop() {
      await engine.stop();
      await registry.stop();
      await release.remove();
    },
  };
}

/** All but the image of job containers. */
async function removeImages(engine: TestEngine): Promise<void> {
  const { stdout } = await engine.docker(['image', 'ls', '--format', '{{.Repository}} {{.ID}}']);
  const ids = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([repository]) => repository !== 'job' && repository !== '')
    .map(([, id = '']) => id);
  if (ids.length > 0) await engine.docker(['image', 'rm', '--force', ...new Set(ids)]);
}
