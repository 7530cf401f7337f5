import type { OptionTable } from './option.ts';
import { booleanType, pathType, textType } from './value-types.ts';

/** The settings of commands that are whole steps of a CI job. The commands that they run read the rest. */
export interface StepSettings {
  /**
   * The directory that the CI system carries from job to job; undefined: the bundle is handed over by other
   * means.
   */
  readonly workspace: string | undefined;
  /** The CI system has already brought complete bundles, so do not wait. */
  readonly attached: boolean;
  /** Make later steps of the job use the private engine that this step starts. */
  readonly laterSteps: boolean;
  /** Become root with sudo, if the job's user can. */
  readonly sudo: boolean;
  /** Start a private engine unless mounting has started one. */
  readonly privateEngine: boolean;
  /**
   * A duration; undefined: no limit. The step parses it itself, so that a mistake in it does not fail the
   * job.
   */
  readonly timeLimit: string | undefined;
}

/** The options for steps of CI jobs. */
export const stepOptions: Pick<OptionTable, keyof StepSettings> = {
  workspace: {
    flag: 'workspace',
    env: 'DRAY_WORKSPACE',
    type: pathType('DIR'),
    default: undefined,
    summary: 'directory that the CI system carries from job to job; dray uses its folder drayage',
  },
  attached: {
    flag: 'attached',
    env: 'DRAY_ATTACHED',
    type: booleanType,
    default: false,
    summary: 'the CI system has already brought the bundles, so do not wait',
  },
  laterSteps: {
    flag: 'later-steps',
    env: 'DRAY_LATER_STEPS',
    type: booleanType,
    default: false,
    summary: 'set DOCKER_HOST for later steps of this job if a private engine is started',
  },
  sudo: {
    flag: 'sudo',
    env: 'DRAY_SUDO',
    type: booleanType,
    default: false,
    summary: 'run as root with sudo, if that needs no password',
  },
  privateEngine: {
    flag: 'private-engine',
    env: 'DRAY_PRIVATE_ENGINE',
    type: booleanType,
    default: false,
    summary: 'start a private engine, with or without images, unless mounting has started one',
  },
  timeLimit: {
    flag: 'time-limit',
    env: 'DRAY_TIME_LIMIT',
    type: textType('DURATION'),
    default: undefined,
    summary: 'time limit of the step, such as 90s or 15m; the job goes on afterwards',
  },
};
