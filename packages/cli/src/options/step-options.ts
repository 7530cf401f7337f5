import type { OptionTable } from './option.ts';
import { booleanType, pathType, textType } from './value-types.ts';

/** What the commands that are whole steps of a CI job read; the commands that they run read the rest. */
export interface StepSettings {
  /** The directory that the CI system carries from job to job; undefined: the bundle travels by other means. */
  readonly workspace: string | undefined;
  /** Which of several pre-pulls of a pipeline. */
  readonly key: string;
  /** The CI system has brought complete bundles here, so there is nothing to wait for. */
  readonly attached: boolean;
  /** Later steps of the job use a private engine that this one starts. */
  readonly laterSteps: boolean;
  /** Become root where the job's user may. */
  readonly sudo: boolean;
  /** Start a private engine where mounting has not started one. */
  readonly privateEngine: boolean;
  /** A duration; undefined: no limit. Read by the step itself, so that a mistake in it fails no job. */
  readonly timeLimit: string | undefined;
}

/** The part of the option table that is about steps of CI jobs. */
export const stepOptions: Pick<OptionTable, keyof StepSettings> = {
  workspace: {
    flag: 'workspace',
    env: 'DRAY_WORKSPACE',
    configKey: undefined,
    type: pathType('DIR'),
    default: undefined,
    summary: 'directory that the CI system carries from job to job; its folder drayage is used',
  },
  key: {
    flag: 'key',
    env: 'DRAY_KEY',
    configKey: undefined,
    type: textType('NAME'),
    default: 'prepull',
    defaultText: 'prepull',
    summary: 'name of this pre-pull, where a pipeline has several',
  },
  attached: {
    flag: 'attached',
    env: 'DRAY_ATTACHED',
    configKey: undefined,
    type: booleanType,
    default: false,
    summary: 'the CI system has brought the bundles here: wait for nothing',
  },
  laterSteps: {
    flag: 'later-steps',
    env: 'DRAY_LATER_STEPS',
    configKey: undefined,
    type: booleanType,
    default: false,
    summary: 'set DOCKER_HOST for the later steps of this job when a private engine is started',
  },
  sudo: {
    flag: 'sudo',
    env: 'DRAY_SUDO',
    configKey: undefined,
    type: booleanType,
    default: false,
    summary: 'run as root by sudo, where that needs no password',
  },
  privateEngine: {
    flag: 'private-engine',
    env: 'DRAY_PRIVATE_ENGINE',
    configKey: undefined,
    type: booleanType,
    default: false,
    summary: 'start a private engine, with or without images, unless mounting has started one',
  },
  timeLimit: {
    flag: 'time-limit',
    env: 'DRAY_TIME_LIMIT',
    configKey: undefined,
    type: textType('DURATION'),
    default: undefined,
    summary: 'longest that the step may take, such as 90s or 15m; the job goes on afterwards',
  },
};
