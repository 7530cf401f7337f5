import type { OrbParameters, OrbStep, YamlMap, YamlValue } from './model.ts';

/** The text that CircleCI replaces by the value of a parameter. */
export function parameter(name: string): string {
  return `<< parameters.${name} >>`;
}

/** Hands parameters on under their own names. */
export function passOn(parameters: OrbParameters): YamlMap {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, parameter(name)]));
}

/** A step that runs a script of the orb. Without the space: RC009 looks for this spelling. */
export function scriptStep(name: string, script: string, settings: YamlMap): OrbStep {
  return { run: { name, ...settings, command: `<<include(scripts/${script}.sh)>>` } };
}

/** Steps that are there when a condition on parameters holds, which is decided when the pipeline is created. */
export function when(condition: YamlValue, steps: readonly OrbStep[]): OrbStep {
  return { when: { condition, steps } };
}

/** The other way round. */
export function unless(condition: YamlValue, steps: readonly OrbStep[]): OrbStep {
  return { unless: { condition, steps } };
}
