import fc from 'fast-check';
import { Fault } from './claims.ts';
import { describeInput } from './describe-input.ts';

/** What a run of a target may take, and where it starts. */
export interface TargetLimits {
  /** Of the generator: the same seed gives the same inputs. */
  readonly seed: number;
  /** Where to start, as fast-check writes it: the input that an earlier run reported. */
  readonly path?: string | undefined;
  /** Inputs to try at most. */
  readonly runs: number;
  /** Time after which no further input is tried (ms). */
  readonly ms: number;
}

/** What one run of a target found. */
export interface TargetOutcome {
  readonly tries: number;
  readonly failure?: TargetFailure | undefined;
}

export interface TargetFailure {
  /** The smallest input that still fails; undefined if the program ended without one. */
  readonly input?: string | undefined;
  readonly reason: string;
  /** Leads to the first input that failed: `--path`. */
  readonly path?: string | undefined;
}

/** One thing that reads foreign input, with the properties that hold for every input. */
export interface Target {
  readonly name: string;
  /** Tries inputs until a limit or the first failure. `onTry` is called before each input. */
  check(limits: TargetLimits, onTry: () => void): Promise<TargetOutcome>;
}

export interface TargetOptions {
  /** Processor time for one input (ms); an input may have 64 KiB. */
  readonly cpuLimitMs?: number | undefined;
}

/** Every input of a target has at most this many bytes or characters. */
export const maxInputBytes: number = 64 * 1024;

const defaultCpuLimitMs = 2000;

/** Defines a target: `holds` throws for an input that violates a property. */
export function defineTarget<Input>(
  name: string,
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => void | Promise<void>,
  { cpuLimitMs = defaultCpuLimitMs }: TargetOptions = {},
): Target {
  return {
    name,
    async check({ seed, path, runs, ms }, onTry) {
      const property = fc.asyncProperty(inputs, async (input) => {
        onTry();
        await withinCpuTime(cpuLimitMs, () => holds(input));
      });
      const details = await fc.check(property, {
        seed,
        ...(path === undefined ? {} : { path }),
        numRuns: runs,
        interruptAfterTimeLimit: ms,
      });
      if (!details.failed || details.counterexample === null) return { tries: details.numRuns };
      const [first] = details.counterexamplePath.split(':');
      return {
        tries: details.numRuns,
        failure: {
          input: describeInput(details.counterexample[0]),
          reason: reasonFor(details.errorInstance),
          path: first,
        },
      };
    },
  };
}

/** Measures the processor time of the whole process: a busy machine makes no difference. */
async function withinCpuTime(limitMs: number, run: () => void | Promise<void>): Promise<void> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  const spentMs = (user + system) / 1000;
  if (spentMs > limitMs) {
    throw new Fault(`it takes ${Math.round(spentMs)} ms of processor time, over the limit of ${limitMs} ms`);
  }
}

function reasonFor(error: unknown): string {
  if (error instanceof Fault) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
