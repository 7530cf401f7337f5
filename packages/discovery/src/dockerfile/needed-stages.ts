import type { Findings } from '../findings.ts';
import type { ArgumentScope } from './arguments.ts';
import type { DockerfileBuild } from './read-dockerfile.ts';
import type { Stage, StageSource } from './stages.ts';

/** The stages that `build.target` needs, itself included; all of them without a target. */
export function neededStages(
  stages: readonly Stage[],
  build: DockerfileBuild,
  scope: ArgumentScope,
  findings: Findings,
): ReadonlySet<Stage> {
  const { target } = build;
  if (target === undefined || target === '') return new Set(stages);
  const start = stageNamed(target, stages);
  if (start === undefined) {
    const names = stages.map(({ name, index }) => name ?? String(index)).join(', ');
    findings.addProblem({
      place: { file: build.source.file },
      what: `${build.prefix}${build.name}`,
      reason: `there is no stage "${target}"`,
      hint: `Choose one of: ${names}.`,
    });
    return new Set();
  }
  const needed = new Set<Stage>();
  const queue = [start];
  for (let stage = queue.pop(); stage !== undefined; stage = queue.pop()) {
    if (needed.has(stage)) continue;
    needed.add(stage);
    if (!isReplaced(stage, build)) queue.push(...stagesBelow(stage, stages, scope));
  }
  return needed;
}

/** True when a named context stands in for the stage, so that nothing in it is built. */
export function isReplaced({ name }: Stage, { contexts }: DockerfileBuild): boolean {
  return name !== undefined && contexts.has(name);
}

/** The stage that FROM starts from; undefined when that is an image. Only stages above count. */
export function baseStage(base: string, stage: Stage, stages: readonly Stage[]): Stage | undefined {
  const name = base.toLowerCase();
  return stages.slice(0, stage.index).findLast((other) => other.name === name);
}

/** The stage that COPY or RUN take files from, by name or number; undefined when that is an image. */
export function sourceStage({ text }: StageSource, stages: readonly Stage[]): Stage | undefined {
  return stageNamed(text, stages);
}

function stagesBelow(stage: Stage, stages: readonly Stage[], scope: ArgumentScope): readonly Stage[] {
  const base = stage.base === undefined ? undefined : baseStage(scope.expand(stage.base).text, stage, stages);
  const sources = stage.sources.filter(({ isDeferred }) => !isDeferred);
  return [base, ...sources.map((source) => sourceStage(source, stages))].filter(
    (below) => below !== undefined,
  );
}

function stageNamed(text: string, stages: readonly Stage[]): Stage | undefined {
  const name = text.toLowerCase();
  return (
    stages.findLast((stage) => stage.name === name) ?? (/^\d+$/.test(text) ? stages[Number(text)] : undefined)
  );
}
