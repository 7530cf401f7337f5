import type { EngineSetup, ErrorSummary } from '@drayage/core';
import type { Way, WayChoice, WayName } from '@drayage/core/plan';
import type { DoctorFacts, MachineFacts } from './facts.ts';
import { recogniseSituations, type Situation } from './situation.ts';
import type { StorageChoice } from '@drayage/private-engine';
import { judgeWays, privateStorage } from './ways.ts';

/** What this machine can do, what `dray load` would do with it, and what would make it faster. */
export interface Diagnosis {
  readonly machine: MachineFacts;
  readonly engine?: EngineSetup | undefined;
  /** Why no engine answers. */
  readonly engineError?: ErrorSummary | undefined;
  readonly situations: readonly Situation[];
  /** In order of preference. */
  readonly ways: readonly Way[];
  /** What `dray load` would do here. */
  readonly choice: WayChoice;
  readonly dataRoot: DataRootFindings;
  /** One or two sentences each, the most useful first. */
  readonly advice: readonly string[];
}

/** The properties of a private engine's data-root. */
export interface DataRootFindings {
  readonly path: string;
  readonly filesystem: string;
  readonly freeBytes?: number | undefined;
  /** The choice of `--storage auto`; undefined if no backend could be tried. */
  readonly storage?: StorageChoice | undefined;
  /** Why no backend could be tried. */
  readonly problem?: string | undefined;
}

/** Derives the diagnosis from facts. Pure. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const { machine, engine, engineError } = facts;
  const situations = recogniseSituations(facts);
  const { choice, ways } = judgeWays(facts);
  const dataRoot = dataRootFindings(facts);
  const recommended = situations.map(({ recommendation }) => recommendation);
  return {
    machine,
    engine,
    engineError,
    ...{ situations, ways, choice, dataRoot },
    advice: [
      ...new Set([
        ...(engineError?.hint === undefined ? [] : [engineError.hint]),
        ...remedies(ways, choice.way),
        ...recommended,
        ...cautions(facts, dataRoot.storage),
      ]),
    ],
  };
}

function dataRootFindings(facts: DoctorFacts): DataRootFindings {
  const { dataRoot: path, filesystem, problem, facts: tried } = facts.storage;
  const storage = privateStorage(facts);
  return {
    ...{ path, filesystem },
    ...(tried === undefined ? {} : { freeBytes: tried.freeBytes }),
    ...(storage === undefined ? {} : { storage }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** What would open a faster way than the chosen one. */
function remedies(ways: readonly Way[], chosen: WayName | 'none'): readonly string[] {
  const position = ways.findIndex(({ name }) => name === chosen);
  const faster = ways.slice(0, position === -1 ? ways.length : position);
  return faster.flatMap(({ name, possible, reason, remedy }) => {
    // Open, yet not chosen: a private engine must be asked for.
    if (possible) return [startYourOwn];
    return remedy === undefined ? [] : [`${intentions[name]}: ${reason}. ${remedy}`];
  });
}

const startYourOwn =
  'Mounting is possible in a private engine: "dray load --export FILE" starts it and writes DOCKER_HOST for the steps that follow, for example into "$BASH_ENV".';

const intentions: Readonly<Record<WayName, string>> = {
  'mount-local': 'To mount into the running engine in place',
  'mount-remote': 'To mount into the running engine through the Docker API',
  'mount-private': 'To mount into a private engine',
  'mount-beside': 'To mount into an engine beside the running one',
  load: 'To load',
  pull: 'To let the engine pull',
};

function cautions({ machine, engine }: DoctorFacts, storage: StorageChoice | undefined): readonly string[] {
  const lacks = (name: string): boolean =>
    machine.programs.some((program) => program.name === name && program.path === undefined);
  const maker = machine.programs.find(({ name }) => name === 'mksquashfs');
  return [
    ...(storage?.warnings ?? []),
    ...(lacks('mksquashfs')
      ? [`Packs cannot be made here: mksquashfs not found. ${maker?.hint ?? ''}`.trim()]
      : []),
    ...(isOpenToAll(engine?.info.location)
      ? [
          'The engine listens without TLS, and not on loopback: anyone who can reach its port is root there. Use TLS.',
        ]
      : []),
  ];
}

function isOpenToAll(location: string | undefined): boolean {
  const host = /^(?:tcp|http):\/\/(.*):2375\/?$/.exec(location ?? '')?.[1];
  return host !== undefined && !/^(127\.|localhost$|\[::1\])/.test(host);
}
