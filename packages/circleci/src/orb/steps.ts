import type { OrbParameters, OrbStep, YamlMap, YamlValue } from './model.ts';

/** The text that CircleCI replaces with the value of a parameter. */
export function parameter(name: string): string {
  return `<< parameters.${name} >>`;
}

/** Passes parameters on under the same names. */
export function passOn(parameters: OrbParameters): YamlMap {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, parameter(name)]));
}

/** A step that runs a script of the orb. RC009 requires this spelling, without a space. */
export function scriptStep(name: string, script: string, settings: YamlMap): OrbStep {
  return { run: { name, ...settings, command: `<<include(scripts/${script}.sh)>>` } };
}

/** Steps that run if a condition on parameters holds. CircleCI evaluates it when it creates the pipeline. */
export function when(condition: YamlValue, steps: readonly OrbStep[]): OrbStep {
  return { when: { condition, steps } };
}

/** Steps that run unless the condition holds. */
export function unless(condition: YamlValue, steps: readonly OrbStep[]): OrbStep {
  return { unless: { condition, steps } };
}
