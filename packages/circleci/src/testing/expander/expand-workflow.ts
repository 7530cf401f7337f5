import { isObject, type JsonObject } from '@drayage/core';

import {
  isList,
  listAt,
  mapAt,
  onlyEntry,
  onlyKeys,
  oneOf,
  optionalTextAt,
  textsAt,
  without,
} from './config-tree.ts';
import { holds } from './condition.ts';
import { expandJob, type Job } from './expand-job.ts';
import { ExpansionError } from './expansion-error.ts';
import { readFilters, type Filter } from './filters.ts';
import { interpolate } from './interpolate.ts';
import { readMatrix, type Combination } from './matrix.ts';
import type { Scope } from './scope.ts';

/** How a job can end. */
export const jobStatuses = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'] as const;

export type JobStatus = (typeof jobStatuses)[number];

/** Another job that must have ended with one of these statuses. */
export interface Requirement {
  readonly job: string;
  readonly statuses: readonly JobStatus[];
}

/** A job in a workflow. */
export interface WorkflowJob {
  readonly name: string;
  readonly job: Job;
  readonly requires: readonly Requirement[];
  readonly contexts: readonly string[];
  readonly runsFor: Filter;
}

/** A workflow; `isTriggered` is false if its own `when` is false. */
export interface Workflow {
  readonly name: string;
  readonly isTriggered: boolean;
  readonly jobs: readonly WorkflowJob[];
}

/** A workflow with all its jobs expanded. @throws ExpansionError with the place of the mistake */
export function expandWorkflow(name: string, value: unknown, scope: Scope, place: string): Workflow {
  const map = mapAt(value, place);
  onlyKeys(map, ['jobs', 'when', 'unless', 'max_auto_reruns'], place);
  const called = listAt(map['jobs'], `${place}.jobs`).flatMap((entry, index) =>
    expandEntry(entry, scope, `${place}.jobs[${index}]`),
  );
  const jobs = called.map(({ job, requires, place: at }) => ({
    ...job,
    requires: requires.flatMap((required) => resolveRequirement(required, called, at)),
  }));
  checkOrder(jobs, place);
  const isWanted = !('when' in map) || holds(map['when'], scope, `${place}.when`);
  const isUnwanted = 'unless' in map && holds(map['unless'], scope, `${place}.unless`);
  return { name, isTriggered: isWanted && !isUnwanted, jobs };
}

/** A job before its required jobs are looked up. */
interface Called {
  readonly job: Omit<WorkflowJob, 'requires'>;
  readonly requires: readonly Requirement[];
  /** The names by which other jobs can require it. */
  readonly names: readonly string[];
  readonly place: string;
}

const ownKeys = ['name', 'requires', 'context', 'type', 'filters', 'matrix', 'pre-steps', 'post-steps'];

function expandEntry(entry: unknown, scope: Scope, place: string): readonly Called[] {
  const [jobName, value] =
    typeof entry === 'string' ? [entry, undefined] : onlyEntry(mapAt(entry, place), place);
  const map = mapAt(value, `${place}.${jobName}`);
  const at = `${place}.${jobName}`;
  if (map['type'] !== undefined)
    throw new ExpansionError('INVALID', `${at}.type`, 'jobs without steps cannot be expanded');
  if (map['matrix'] === undefined) return [expandCall(jobName, map, { ...scope, matrix: new Map() }, at)];
  const { alias, combinations } = readMatrix(interpolate(map['matrix'], scope, at), `${at}.matrix`);
  return combinations.map((matrix) => {
    const called = expandCall(jobName, withMatrix(jobName, map, matrix), { ...scope, matrix }, at);
    return { ...called, names: [...called.names, alias ?? jobName] };
  });
}

function withMatrix(jobName: string, map: JsonObject, matrix: Combination): JsonObject {
  const values = [...matrix.values()].map(String).join('-');
  return { name: `${jobName}-${values}`, ...map, ...Object.fromEntries(matrix) };
}

function expandCall(jobName: string, map: JsonObject, scope: Scope, place: string): Called {
  const own = mapAt(interpolate({ ...map, 'pre-steps': [], 'post-steps': [] }, scope, place), place);
  const name = optionalTextAt(own['name'], `${place}.name`) ?? jobName;
  const args = without(map, ownKeys);
  const call = { name: jobName, args, preSteps: map['pre-steps'], postSteps: map['post-steps'] };
  return {
    job: {
      name,
      job: expandJob(call, scope, place),
      contexts: textsAt(own['context'], `${place}.context`),
      runsFor: readFilters(own['filters'], `${place}.filters`),
    },
    requires: listAt(own['requires'], `${place}.requires`).map((item, index) =>
      readRequirement(item, `${place}.requires[${index}]`),
    ),
    names: [name],
    place,
  };
}

/** `job`, `job: status` or `job: [status, …]`. */
function readRequirement(value: unknown, place: string): Requirement {
  if (typeof value === 'string') return { job: value, statuses: ['success'] };
  const [job, statuses] = onlyEntry(mapAt(value, place), place);
  const list = isList(statuses) ? statuses : [statuses];
  return { job, statuses: list.flatMap((status) => readStatus(status, `${place}.${job}`)) };
}

function readStatus(value: unknown, place: string): readonly JobStatus[] {
  if (value === 'terminal') return jobStatuses;
  const status = jobStatuses.find((known) => known === value);
  if (status !== undefined) return [status];
  throw new ExpansionError('INVALID', place, oneOf([...jobStatuses, 'terminal']));
}

function resolveRequirement(
  { job, statuses }: Requirement,
  all: readonly Called[],
  place: string,
): readonly Requirement[] {
  const meant = all.filter(({ names }) => names.includes(job));
  if (meant.length > 0) return meant.map(({ job: { name } }) => ({ job: name, statuses }));
  const known = oneOf(all.map(({ job: { name } }) => name));
  throw new ExpansionError('UNDEFINED_JOB', `${place}.requires`, `the workflow has no job ${job}; ${known}`);
}

function checkOrder(jobs: readonly WorkflowJob[], place: string): void {
  const twice = jobs.find(({ name }, index) => jobs.findIndex((job) => job.name === name) !== index);
  if (twice !== undefined)
    throw new ExpansionError('INVALID', `${place}.jobs`, `two jobs are called ${twice.name}`);
  const placed = new Set<string>();
  const isFree = ({ requires }: WorkflowJob): boolean => requires.every(({ job }) => placed.has(job));
  for (;;) {
    const free = jobs.filter((job) => !placed.has(job.name) && isFree(job));
    if (free.length === 0) break;
    for (const { name } of free) placed.add(name);
  }
  const left = jobs.filter(({ name }) => !placed.has(name)).map(({ name }) => name);
  if (left.length > 0)
    throw new ExpansionError('CYCLE', `${place}.jobs`, `${left.join(', ')} wait for each other`);
}

/** True if an entry of a workflows map is a workflow; `version` is not. */
export function isWorkflow([name, value]: readonly [string, unknown]): boolean {
  return name !== 'version' && isObject(value);
}
