import type { ErrorSummary, EngineSetup } from '@drayage/core';
import type { DoctorFacts, MachineFacts } from './facts.ts';
import { recogniseSituations, type Situation } from './situation.ts';
import type { StorageChoice } from '@drayage/private-engine';
import { judgeWays, privateStorage, type Way, type WayName } from './ways.ts';

/** What `auto` would do here. */
export interface DoctorChoice {
  /** `none`: no way is open. */
  readonly way: WayName | 'none';
  readonly reason: string;
}

/** What this machine can do, what `auto` makes of it, and what would make it faster. */
export interface Diagnosis {
  readonly machine: MachineFacts;
  readonly engine?: EngineSetup | undefined;
  /** Why there is none. */
  readonly engineError?: ErrorSummary | undefined;
  readonly situations: readonly Situation[];
  /** In the order of preference. */
  readonly ways: readonly Way[];
  readonly choice: DoctorChoice;
  readonly dataRoot: DataRootFindings;
  /** One or two sentences each, the most useful first. */
  readonly advice: readonly string[];
}

/** What a private engine would have of its data-root. */
export interface DataRootFindings {
  readonly path: string;
  readonly filesystem: string;
  readonly freeBytes?: number | undefined;
  /** What `--storage auto` would choose; undefined: nothing could be tried. */
  readonly storage?: StorageChoice | undefined;
  /** Why nothing could be tried. */
  readonly problem?: string | undefined;
}

/** Makes findings of facts. Pure. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const { machine, engine, engineError } = facts;
  const situations = recogniseSituations(facts);
  const ways = judgeWays(facts);
  const choice = choose(ways, facts);
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

function choose(ways: readonly Way[], { engine, mayStartEngine }: DoctorFacts): DoctorChoice {
  const isOwnAllowed = mayStartEngine || engine === undefined;
  const first = ways.find(({ name, possible }) => possible && (name !== 'mount-private' || isOwnAllowed));
  if (first !== undefined) return { way: first.name, reason: first.reason };
  return { way: 'none', reason: 'no engine answers, and none of our own can be started for packs' };
}

/** What would open a way that is faster than the one that is chosen. */
function remedies(ways: readonly Way[], chosen: WayName | 'none'): readonly string[] {
  const position = ways.findIndex(({ name }) => name === chosen);
  const faster = ways.slice(0, position === -1 ? ways.length : position);
  return faster.flatMap(({ name, possible, reason, remedy }) => {
    // Not chosen although it could be gone: nobody has asked for it.
    if (possible) return [startYourOwn];
    return remedy === undefined ? [] : [`${intentions[name]}: ${reason}. ${remedy}`];
  });
}

const startYourOwn =
  'Mounting is possible in an engine of our own: "dray load --export FILE" starts it and writes DOCKER_HOST for the steps that follow, for example into "$BASH_ENV".';

const intentions: Readonly<Record<WayName, string>> = {
  'mount-local': 'To mount into the running engine in place',
  'mount-remote': 'To mount into the running engine through the Docker API',
  'mount-private': 'To mount into a private engine',
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
      ? [`Packs cannot be made here: there is no mksquashfs. ${maker?.hint ?? ''}`.trim()]
      : []),
    ...(isOpenToAll(engine?.info.location)
      ? ['The engine is reached without TLS, not on loopback: whoever reaches that port is root there.']
      : []),
  ];
}

function isOpenToAll(location: string | undefined): boolean {
  const host = /^(?:tcp|http):\/\/(.*):2375\/?$/.exec(location ?? '')?.[1];
  return host !== undefined && !/^(127\.|localhost$|\[::1\])/.test(host);
}
