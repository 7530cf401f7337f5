import { availableEngines, type EngineVariant } from './engine-programs.ts';
import { programOnPath } from './parts.ts';
import { registryProgram } from './registry.ts';

/** Real parts that tests need. */
export interface Requirements {
  readonly engine?: EngineVariant;
  readonly registry?: boolean;
  readonly programs?: readonly string[];
  /** Mounts, or becomes another user. */
  readonly root?: boolean;
}

/** What this machine lacks of them, one reason each. */
export function missingParts({
  engine,
  registry = false,
  programs = [],
  root = false,
}: Requirements): string[] {
  return [
    ...(root && process.getuid?.() !== 0 ? ['it must be run as root'] : []),
    ...(engine !== undefined && !availableEngines().includes(engine.name) ? [whyNoEngine(engine)] : []),
    ...(registry && registryProgram() === undefined ? ['there is no docker-registry'] : []),
    ...programs.filter((name) => programOnPath(name) === undefined).map((name) => `there is no ${name}`),
  ];
}

function whyNoEngine({ name }: EngineVariant): string {
  return process.getuid?.() === 0 ? `there is no engine ${name}` : `an engine must be started as root`;
}
