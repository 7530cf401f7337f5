import { Copy, From, JSONInstruction, ModifiableInstruction, Onbuild } from 'dockerfile-ast';
import type { Dockerfile, Instruction } from 'dockerfile-ast';
import type { Place } from '../yaml/tree.ts';

/** An instruction that takes files from an image or another stage. */
export interface StageSource {
  readonly instruction: 'COPY --from' | 'RUN --mount';
  /** As it is written. */
  readonly text: string;
  readonly place: Place;
  /** In an ONBUILD: it runs in stages and builds that start from this stage. */
  readonly isDeferred: boolean;
}

/** One FROM and the instructions below it. */
export interface Stage {
  /** From 0, as `COPY --from=0` counts. */
  readonly index: number;
  /** Lower case, as names are compared. */
  readonly name: string | undefined;
  /** As it is written; undefined when FROM has no argument. */
  readonly base: string | undefined;
  readonly platform: string | undefined;
  readonly place: Place;
  readonly sources: readonly StageSource[];
}

/** The stages in order. */
export function readStages(dockerfile: Dockerfile, placeAt: (line: number) => Place): readonly Stage[] {
  const stages: (Stage & { readonly sources: StageSource[] })[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction instanceof From) {
      const line = (instruction.getImageRange() ?? instruction.getRange()).start.line;
      stages.push({
        index: stages.length,
        name: instruction.getBuildStage()?.toLowerCase(),
        base: instruction.getImage() ?? undefined,
        platform: instruction.getPlatformFlag()?.getValue() ?? undefined,
        place: placeAt(line),
        sources: [],
      });
    } else stages.at(-1)?.sources.push(...sourcesOf(instruction, placeAt, false));
  }
  return stages;
}

function sourcesOf(
  instruction: Instruction,
  placeAt: (line: number) => Place,
  isDeferred: boolean,
): readonly StageSource[] {
  if (instruction instanceof Onbuild) {
    const trigger = instruction.getTriggerInstruction();
    return trigger === null ? [] : sourcesOf(trigger, placeAt, true);
  }
  if (!(instruction instanceof ModifiableInstruction || instruction instanceof JSONInstruction)) return [];
  return instruction.getFlags().flatMap((flag): readonly StageSource[] => {
    const value = flag.getValue() ?? '';
    const place = placeAt(flag.getRange().start.line);
    if (instruction instanceof Copy && flag.getName() === 'from') {
      return [{ instruction: 'COPY --from', text: unquote(value), place, isDeferred }];
    }
    const from = flag.getName() === 'mount' ? mountSource(value) : undefined;
    return from === undefined ? [] : [{ instruction: 'RUN --mount', text: from, place, isDeferred }];
  });
}

/** The `from` of `type=bind,from=image,target=/x`, a line of comma-separated values. */
function mountSource(options: string): string | undefined {
  const fields = unquote(options).match(/"[^"]*"|[^,]+/g) ?? [];
  const from = fields.map(unquote).find((field) => /^from=/i.test(field));
  return from?.slice('from='.length);
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}
