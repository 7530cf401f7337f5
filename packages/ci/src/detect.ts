import type { CiSystem, Env } from './ci-system.ts';
import { azure } from './systems/azure.ts';
import { bitbucket } from './systems/bitbucket.ts';
import { buildkite } from './systems/buildkite.ts';
import { circleci } from './systems/circleci.ts';
import { drone } from './systems/drone.ts';
import { github } from './systems/github.ts';
import { gitlab } from './systems/gitlab.ts';
import { jenkins } from './systems/jenkins.ts';
import { plain } from './systems/plain.ts';
import { tekton } from './systems/tekton.ts';
import { woodpecker } from './systems/woodpecker.ts';

/**
 * Every system with a definition. Woodpecker before Drone, whose variables it can set too; Jenkins late,
 * because machines of others inherit its variables when it starts them.
 */
export const ciSystems: readonly CiSystem[] = [
  ...[gitlab, circleci, github, buildkite, azure, bitbucket, woodpecker, drone, tekton, jenkins],
];

/** The CI system of these variables; `plain` for any other, and outside CI. */
export function detectCiSystem(env: Env): CiSystem {
  return ciSystems.find((system) => system.isHere(env)) ?? plain;
}
