import { DockerfileParser, Keyword } from 'dockerfile-ast';
import type { DiscoveryContext } from '../context.ts';
import type { Lookup } from '../variables/expand.ts';
import { stepsOf } from '../work-meter.ts';
import type { Issue, Place } from '../yaml/tree.ts';
import { globalArguments } from './arguments.ts';
import { neededStages, resolveStages } from './needed-stages.ts';
import { imageContexts, reportStages } from './report-stages.ts';
import { readStages } from './stages.ts';

/** A Dockerfile and how it is built. */
export interface DockerfileBuild {
  readonly source: {
    readonly text: string;
    /** Absolute path of the file that holds the text. */
    readonly file: string;
    /** Line of that file on which the text begins, from 1. */
    readonly firstLine: number;
    /** All of it counts as that line: its own lines are not lines of the file. */
    readonly isOneLine?: boolean | undefined;
  };
  /** Its name in messages: `Dockerfile`. */
  readonly name: string;
  /** Begins every `what`: empty, or `service app, `. */
  readonly prefix: string;
  readonly args: Lookup;
  readonly target: string | undefined;
  /** The platform to build for; that of the engine when undefined. */
  readonly platform: string | undefined;
  /** The platform of the engine, `OS/ARCH[/VARIANT]`. */
  readonly enginePlatform: string;
  /** Named contexts, which replace stages and images of that name: `docker-image://alpine`, or a path. */
  readonly contexts: ReadonlyMap<string, NamedContext>;
}

/** What replaces a stage or an image, and where it was written. */
export interface NamedContext {
  readonly text: string;
  readonly place: Place;
  readonly issues?: readonly Issue[] | undefined;
}

/**
 * Adds the images that a build pulls, for the stages that the target needs: bases, `COPY --from` and
 * `RUN --mount=from`.
 * @throws DrayError `DISCOVERY_FAILED` when variables expand to too much
 * @see Dockerfile reference 1.x, "FROM", "Understand how ARG and FROM interact"
 */
export function readDockerfile(
  build: DockerfileBuild,
  { findings, meter }: Pick<DiscoveryContext, 'findings' | 'meter'>,
): void {
  meter.spend(stepsOf.file + build.source.text.length, {
    place: { file: build.source.file, line: build.source.firstLine },
  });
  const dockerfile = DockerfileParser.parse(build.source.text);
  const placeAt = (line: number): Place => ({
    file: build.source.file,
    line: build.source.firstLine + (build.source.isOneLine === true ? 0 : line),
  });
  for (const instruction of dockerfile.getInstructions()) {
    if (knownKeywords.has(instruction.getKeyword())) continue;
    findings.addProblem({
      place: placeAt(instruction.getRange().start.line),
      what: `${build.prefix}${build.name}`,
      reason: `"${instruction.getInstruction()}" is not a Dockerfile instruction`,
      hint: 'Correct the instruction.',
      severity: 'warning',
    });
  }
  const stages = readStages(dockerfile, placeAt);
  if (stages.length === 0) {
    const reason = 'it has no FROM';
    findings.addProblem({ place: placeAt(0), what: `${build.prefix}${build.name}`, reason });
    return;
  }
  const scope = globalArguments(dockerfile, { build, meter, placeAt });
  const resolved = resolveStages(stages, scope);
  const needed = neededStages(resolved, build, findings);
  reportStages(resolved, needed, { build, scope, findings, imageContexts: imageContexts(build) });
}

const knownKeywords: ReadonlySet<string> = new Set(Object.values(Keyword));
