import type { Findings } from '../findings.ts';
import type { ArgumentScope } from './arguments.ts';
import type { DockerfileBuild } from './read-dockerfile.ts';
import type { Stage, StageSource } from './stages.ts';

/** A stage with its base resolved. */
export interface ResolvedStage extends Stage {
  /** The stage that it starts from; undefined when that is an image. */
  readonly below: ResolvedStage | undefined;
  /** Its own instructions, and those that ONBUILD of the stage below it runs here. */
  readonly activeSources: readonly StageSource[];
}

/** Resolves the bases. A name means the nearest such stage above; ONBUILD runs in the next stage only. */
export function resolveStages(stages: readonly Stage[], scope: ArgumentScope): readonly ResolvedStage[] {
  const resolved: ResolvedStage[] = [];
  const named = new Map<string, ResolvedStage>();
  for (const stage of stages) {
    const base = stage.base === undefined ? '' : scope.expand(stage.base, stage.place).text;
    const below = named.get(base.toLowerCase());
    const triggers = below?.sources.filter(({ isDeferred }) => isDeferred) ?? [];
    const own = stage.sources.filter(({ isDeferred }) => !isDeferred);
    const next = { ...stage, below, activeSources: [...triggers, ...own] };
    resolved.push(next);
    if (stage.name !== undefined) named.set(stage.name, next);
  }
  return resolved;
}

/**
 * The stages that the target needs, itself included. As in BuildKit, the target is the last stage by
 * default.
 */
export function neededStages(
  stages: readonly ResolvedStage[],
  build: DockerfileBuild,
  findings: Findings,
): ReadonlySet<ResolvedStage> {
  const needed = new Set<ResolvedStage>();
  const start = targetStage(stages, build, findings);
  const queue = start === undefined ? [] : [start];
  const find = stageFinder(stages);
  for (let stage = queue.pop(); stage !== undefined; stage = queue.pop()) {
    if (needed.has(stage)) continue;
    needed.add(stage);
    if (isReplaced(stage, build)) continue;
    const sources = stage.activeSources.map(({ text }) => find(text));
    for (const other of [stage.below, ...sources]) if (other !== undefined) queue.push(other);
  }
  return needed;
}

function targetStage(
  stages: readonly ResolvedStage[],
  build: DockerfileBuild,
  findings: Findings,
): ResolvedStage | undefined {
  const { target } = build;
  if (target === undefined || target === '') return stages.at(-1);
  const found = stageFinder(stages)(target);
  if (found !== undefined) return found;
  const names = stages.map(({ name, index }) => name ?? String(index)).join(', ');
  findings.addProblem({
    place: { file: build.source.file },
    what: `${build.prefix}${build.name}`,
    reason: `it has no stage "${target}"`,
    hint: `Choose one of: ${names}.`,
  });
  return undefined;
}

/** True when a named context replaces the stage, so that nothing in it is built. */
export function isReplaced({ name }: Stage, { contexts }: DockerfileBuild): boolean {
  return name !== undefined && contexts.has(name);
}

/** Finds the stage that COPY, RUN or a target means, by name or number; undefined when that is an image. */
export function stageFinder(stages: readonly ResolvedStage[]): (text: string) => ResolvedStage | undefined {
  const named = new Map(stages.flatMap((stage) => (stage.name === undefined ? [] : [[stage.name, stage]])));
  return (text) => named.get(text.toLowerCase()) ?? (/^\d+$/.test(text) ? stages[Number(text)] : undefined);
}
