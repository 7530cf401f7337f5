import { DockerfileParser, Keyword } from 'dockerfile-ast';
import type { Findings } from '../findings.ts';
import type { Lookup } from '../variables/expand.ts';
import type { Issue, Place } from '../yaml/tree.ts';
import { globalArguments } from './arguments.ts';
import { neededStages } from './needed-stages.ts';
import { reportStages } from './report-stages.ts';
import { readStages } from './stages.ts';

/** A Dockerfile and how it is built. */
export interface DockerfileBuild {
  readonly source: {
    readonly text: string;
    /** Absolute path of the file that holds the text. */
    readonly file: string;
    /** Line of that file on which the text begins, from 1. */
    readonly firstLine: number;
  };
  /** What to call it: `Dockerfile`. */
  readonly name: string;
  /** Stands before every `what`: empty, or `service app, `. */
  readonly prefix: string;
  readonly args: Lookup;
  readonly target: string | undefined;
  /** What is built for; the platform of the engine when undefined. */
  readonly platform: string | undefined;
  /** Named contexts, which stand in for stages and images of that name: `docker-image://alpine`, or a path. */
  readonly contexts: ReadonlyMap<string, NamedContext>;
}

/** What stands in for a stage or an image, and where that was written. */
export interface NamedContext {
  readonly text: string;
  readonly place: Place;
  readonly issues?: readonly Issue[] | undefined;
}

/**
 * Adds the images that a build pulls: bases of stages, `COPY --from` and `RUN --mount=from`. The frontend of a `# syntax=` line is
 * pulled by BuildKit for itself and is left out.
 * @see Dockerfile reference 1.x, "FROM", "Understand how ARG and FROM interact"
 */
export function readDockerfile(build: DockerfileBuild, findings: Findings): void {
  const dockerfile = DockerfileParser.parse(build.source.text);
  const placeAt = (line: number): Place => ({
    file: build.source.file,
    line: build.source.firstLine + line,
  });
  for (const instruction of dockerfile.getInstructions()) {
    if (knownKeywords.has(instruction.getKeyword())) continue;
    findings.addProblem({
      place: placeAt(instruction.getRange().start.line),
      what: `${build.prefix}${build.name}`,
      reason: `"${instruction.getInstruction()}" is no Dockerfile instruction`,
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
  const scope = globalArguments(dockerfile, build);
  const needed = neededStages(stages, build, scope, findings);
  reportStages(stages, needed, { build, scope, findings });
}

const knownKeywords: ReadonlySet<string> = new Set(Object.values(Keyword));
