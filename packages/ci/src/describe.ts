import type { CancelSequence, CiRun, CiSystem, Env, JobInterface } from './ci-system.ts';
import { textOf } from './ci-system.ts';

/** What a CI system offers to this job, as data. */
export interface CiDescription {
  readonly id: string;
  readonly name: string;
  /** `GITHUB_RUN_ID=123`. */
  readonly pipeline?: string | undefined;
  readonly run?: CiRun | undefined;
  /** Where `--export` without a value writes. */
  readonly export?: string | undefined;
  readonly summary?: string | undefined;
  readonly hasGroups: boolean;
  readonly hasAnnotations: boolean;
  readonly hasMasks: boolean;
  readonly jobInterface?: JobInterface | undefined;
  readonly handover?: string | undefined;
  readonly cacheRoot?: string | undefined;
  readonly cancellation?: CancelSequence | undefined;
}

/** Describes a system with the variables of this job. Pure. */
export function describeCi(system: CiSystem, env: Env): CiDescription {
  const { id, name, log, jobInterface, cancellation, pipelineVariable } = system;
  const pipeline = pipelineVariable === undefined ? undefined : textOf(env, pipelineVariable);
  return {
    ...{ id, name },
    pipeline: pipeline === undefined ? undefined : `${pipelineVariable ?? ''}=${pipeline}`,
    run: system.readRun(env),
    export: exportText(system, env),
    summary: summaryText(system, env),
    hasGroups: log.openGroup !== undefined,
    hasAnnotations: log.annotate !== undefined,
    hasMasks: log.mask !== undefined,
    ...{ jobInterface, cancellation },
    handover: system.handover(env),
    cacheRoot: system.cacheRoot(env),
  };
}

function exportText(system: CiSystem, env: Env): string | undefined {
  const target = system.exportTo(env);
  if (target?.kind === 'file') return target.path;
  return target?.kind === 'program' ? target.command.join(' ') : target && 'a command in the log';
}

function summaryText(system: CiSystem, env: Env): string | undefined {
  const target = system.summaryTo(env);
  if (target?.kind === 'file') return target.path;
  return target?.kind === 'program'
    ? target.command('notice').slice(0, 2).join(' ')
    : target && 'a command in the log';
}
