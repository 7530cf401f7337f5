import type { CiSystem, Env } from './ci-system.ts';
import { circleci } from './systems/circleci.ts';
import { gitlab } from './systems/gitlab.ts';
import { plain } from './systems/plain.ts';

/** Every system with a definition. */
export const ciSystems: readonly CiSystem[] = [gitlab, circleci];

/** The CI system of these variables; `plain` for any other, and outside CI. */
export function detectCiSystem(env: Env): CiSystem {
  return ciSystems.find((system) => system.isHere(env)) ?? plain;
}
