import { formatReference, tryParseReference } from '@drayage/core';
import type { Findings } from '../findings.ts';
import type { Issue, Place } from '../yaml/tree.ts';
import type { ArgumentScope } from './arguments.ts';
import { isReplaced, stageFinder, type ResolvedStage } from './needed-stages.ts';
import type { DockerfileBuild, NamedContext } from './read-dockerfile.ts';
import type { Stage, StageSource } from './stages.ts';

export interface StageReport {
  readonly build: DockerfileBuild;
  readonly scope: ArgumentScope;
  readonly findings: Findings;
  /** The named contexts whose names are references, by canonical name. */
  readonly imageContexts: ReadonlyMap<string, NamedContext>;
}

/** Contexts match however an image is written: `alpine` and `docker.io/library/alpine:latest` are one. */
export function imageContexts({ contexts }: DockerfileBuild): ReadonlyMap<string, NamedContext> {
  const byName = new Map<string, NamedContext>();
  for (const [name, context] of contexts) {
    const reference = tryParseReference(name);
    const canonical = reference === undefined ? undefined : formatReference(reference);
    if (canonical !== undefined && !byName.has(canonical)) byName.set(canonical, context);
  }
  return byName;
}

/** Adds the images of the needed stages. */
export function reportStages(
  stages: readonly ResolvedStage[],
  needed: ReadonlySet<ResolvedStage>,
  report: StageReport,
): void {
  const find = stageFinder(stages);
  for (const stage of stages) {
    if (!needed.has(stage)) continue;
    if (isReplaced(stage, report.build)) {
      reportContext(stage.name ?? '', { place: stage.place, what: whatOf(stage, report) }, report);
      continue;
    }
    reportBase(stage, report);
    for (const source of stage.activeSources) {
      if (find(source.text) === undefined) reportSource(source, stage, report);
    }
    for (const source of stage.sources) {
      if (source.isDeferred && find(source.text) === undefined) reportDeferred(source, stage, report);
    }
  }
}

function whatOf({ name, index }: Stage, { build }: StageReport): string {
  return `${build.prefix}stage ${name ?? String(index + 1)} of ${build.name}`;
}

function reportBase(stage: ResolvedStage, report: StageReport): void {
  const { place, base } = stage;
  const what = whatOf(stage, report);
  if (base === undefined) {
    report.findings.addProblem({ place, what, reason: 'FROM names no image' });
    return;
  }
  const { text, issues } = report.scope.expand(base, place);
  if (text === 'scratch' || stage.below !== undefined) return;
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

/** The platform of FROM's flag, else the one to build for. */
function stagePlatform(
  { platform, place }: Stage,
  { build, scope }: StageReport,
): { readonly text: string | undefined; readonly issues: readonly Issue[] } {
  if (platform === undefined) return { text: build.platform, issues: [] };
  const { text, issues, used } = scope.expand(platform, place);
  // When the file asks for no platform, TARGETPLATFORM is that of the engine: the file still asks for none.
  const isDefault =
    build.platform === undefined &&
    text === build.enginePlatform &&
    [...used].some((name) => name.startsWith('TARGET'));
  return { text: isDefault ? undefined : text, issues };
}

interface Subject {
  readonly place: Place;
  readonly what: string;
}

function subjectOf({ place, instruction }: StageSource, stage: Stage, report: StageReport): Subject {
  const { prefix } = report.build;
  return { place, what: `${prefix}${instruction} in ${whatOf(stage, report).slice(prefix.length)}` };
}

/** A source that is not a stage. */
function reportSource(source: StageSource, stage: Stage, report: StageReport): void {
  const { text } = source;
  const { findings, build } = report;
  const who = subjectOf(source, stage, report);
  if (text === 'scratch') return;
  if (text.includes('$')) {
    const reason = `"${text}" has variables, which Docker does not expand here`;
    const hint = 'Give the image a stage of its own (FROM image AS name) and take the files from that.';
    findings.addProblem({ ...who, reason, hint });
  } else if (/^\d+$/.test(text)) {
    findings.addProblem({ ...who, reason: `the Dockerfile has no stage ${text}` });
  } else if (!reportContext(text, who, report)) {
    findings.addImage({ ...who, text, platform: build.platform });
  }
}

function reportDeferred(source: StageSource, stage: Stage, report: StageReport): void {
  report.findings.addProblem({
    ...subjectOf(source, stage, report),
    reason: `"${source.text}" is needed only by builds that start from this stage`,
    hint: 'Name the image as well where such a build runs.',
    severity: 'warning',
  });
}

/** True when a named context replaces `name`; the image of that context is added. */
function reportContext(name: string, who: Subject, report: StageReport): boolean {
  const { build, findings } = report;
  const reference = tryParseReference(name);
  const context =
    build.contexts.get(name) ??
    (reference === undefined ? undefined : report.imageContexts.get(formatReference(reference)));
  if (context === undefined) return false;
  const scheme = 'docker-image://';
  if (context.text.startsWith(scheme)) {
    const text = context.text.slice(scheme.length);
    const { place, issues } = context;
    findings.addImage({ what: who.what, place, text, issues, platform: build.platform });
  }
  return true;
}
