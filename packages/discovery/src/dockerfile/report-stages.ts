import { formatReference, tryParseReference } from '@drayage/core';
import type { Findings } from '../findings.ts';
import type { Issue, Place } from '../yaml/tree.ts';
import type { ArgumentScope } from './arguments.ts';
import { baseStage, isReplaced, sourceStage } from './needed-stages.ts';
import type { DockerfileBuild, NamedContext } from './read-dockerfile.ts';
import type { Stage, StageSource } from './stages.ts';

export interface StageReport {
  readonly build: DockerfileBuild;
  readonly scope: ArgumentScope;
  readonly findings: Findings;
}

/** Adds the images of the needed stages. */
export function reportStages(
  stages: readonly Stage[],
  needed: ReadonlySet<Stage>,
  report: StageReport,
): void {
  for (const stage of stages) {
    if (!needed.has(stage)) continue;
    if (isReplaced(stage, report.build)) {
      reportContext(stage.name ?? '', { place: stage.place, what: whatOf(stage, report) }, report);
      continue;
    }
    reportBase(stage, stages, report);
    for (const source of stage.sources) reportSource(source, stage, stages, report);
  }
}

function whatOf({ name, index }: Stage, { build }: StageReport): string {
  return `${build.prefix}stage ${name ?? String(index + 1)} of ${build.name}`;
}

function reportBase(stage: Stage, stages: readonly Stage[], report: StageReport): void {
  const { place, base } = stage;
  const what = whatOf(stage, report);
  if (base === undefined) {
    report.findings.addProblem({ place, what, reason: 'FROM names no image' });
    return;
  }
  const { text, issues } = report.scope.expand(base);
  if (text === 'scratch' || baseStage(text, stage, stages) !== undefined) return;
  if (reportContext(text, { place, what }, report)) return;
  const platform = stagePlatform(stage, report);
  report.findings.addImage({
    text,
    place,
    what,
    platform: platform.text,
    issues: [...issues, ...platform.issues],
  });
}

/** What FROM's flag says, else what is built for. */
function stagePlatform(
  { platform }: Stage,
  { build, scope }: StageReport,
): { readonly text: string | undefined; readonly issues: readonly Issue[] } {
  if (platform === undefined) return { text: build.platform, issues: [] };
  const { text, issues, used } = scope.expand(platform);
  // Without a wish for the build, TARGETPLATFORM is the engine's own, which the caller knows better.
  const isDefault = build.platform === undefined && [...used].some((name) => name.startsWith('TARGET'));
  return { text: isDefault ? undefined : text, issues };
}

function reportSource(
  source: StageSource,
  stage: Stage,
  stages: readonly Stage[],
  report: StageReport,
): void {
  const { text, place, instruction } = source;
  const { findings, build } = report;
  const what = `${instruction} in ${whatOf(stage, report).slice(build.prefix.length)}`;
  const who = { place, what: `${build.prefix}${what}` };
  if (text === 'scratch' || sourceStage(source, stages) !== undefined) return;
  if (source.isDeferred) {
    const reason = `"${text}" is needed only by builds that start from this one`;
    const hint = 'Name the image as well where such a build runs.';
    findings.addProblem({ ...who, reason, hint, severity: 'warning' });
  } else if (text.includes('$')) {
    const reason = `"${text}" has variables, which Docker does not expand here`;
    const hint = 'Give the image a stage of its own (FROM image AS name) and take the files from that.';
    findings.addProblem({ ...who, reason, hint });
  } else if (/^\d+$/.test(text)) {
    findings.addProblem({ ...who, reason: `there is no stage ${text}` });
  } else if (!reportContext(text, who, report)) {
    findings.addImage({ ...who, text, platform: build.platform });
  }
}

/** True when a named context stands in for `name`; an image that it is, is added. */
function reportContext(
  name: string,
  who: { readonly place: Place; readonly what: string },
  { build, findings }: StageReport,
): boolean {
  const context = build.contexts.get(name) ?? contextOfImage(name, build);
  if (context === undefined) return false;
  const scheme = 'docker-image://';
  if (context.text.startsWith(scheme)) {
    const text = context.text.slice(scheme.length);
    const { place, issues } = context;
    findings.addImage({ what: who.what, place, text, issues, platform: build.platform });
  }
  return true;
}

/** Contexts also match however an image is written: `alpine` and `docker.io/library/alpine:latest` are one. */
function contextOfImage(name: string, { contexts }: DockerfileBuild): NamedContext | undefined {
  const wanted = tryParseReference(name);
  if (wanted === undefined) return undefined;
  const canonical = formatReference(wanted);
  const match = [...contexts].find(([other]) => {
    const reference = tryParseReference(other);
    return reference !== undefined && formatReference(reference) === canonical;
  });
  return match?.[1];
}
