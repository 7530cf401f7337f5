import { isObject } from '@drayage/core';
import type { Diagnosis } from '@drayage/doctor';

/** What `dray doctor --json` printed. Throws with everything printed when it is no diagnosis. */
export function parseDiagnosis(stdout: string): Diagnosis {
  const parsed: unknown = JSON.parse(stdout);
  if (isDiagnosis(parsed)) return parsed;
  throw new Error(`cannot read the diagnosis:\n${stdout}`);
}

function isDiagnosis(value: unknown): value is Diagnosis {
  const members = ['machine', 'situations', 'ways', 'choice', 'dataRoot', 'advice'];
  return isObject(value) && members.every((member) => member in value);
}
