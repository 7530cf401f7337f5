import type { Shape } from './shape.ts';

/** What one shape came to; undefined where it went well, else the reason. */
export interface Row {
  readonly shape: Shape;
  /** By engine. */
  readonly pulled: ReadonlyMap<string, string | undefined>;
  readonly prepulled: string | undefined;
  /** By engine; without those that it was not loaded into. */
  readonly loaded: ReadonlyMap<string, string | undefined>;
}

/** What is wrong about a row. Pure. */
export function faultsOf({ shape, pulled, prepulled, loaded }: Row): readonly string[] {
  const takers = [...pulled].filter(([, error]) => error === undefined).map(([engine]) => engine);
  const isTakenBy28 = takers.some((engine) => engine.startsWith('28.5'));
  const { refused, stricter } = shape;
  const lost = takers.filter((engine) => loaded.has(engine) && loaded.get(engine) !== undefined);
  if (prepulled === undefined) {
    return [
      ...(stricter === undefined && refused === undefined ? [] : ['dray takes it now']),
      ...lost.map((engine) => `dray does not deliver it into ${engine}: ${loaded.get(engine) ?? ''}`),
    ];
  }
  const expected = stricter?.says ?? (isTakenBy28 ? undefined : refused);
  if (expected === undefined) return [`dray refuses it: ${prepulled}`];
  return expected.test(prepulled) ? [] : [`dray does not name the reason: ${prepulled}`];
}

/** A table of shapes, engines and dray, with the faults below their rows. Pure. */
export function tableOf(rows: readonly Row[], engines: readonly string[]): string {
  const width = Math.max(...rows.map(({ shape }) => shape.name.length));
  const mark = (results: Row['loaded'], engine: string): string => {
    const isOk = results.get(engine) === undefined;
    return (results.has(engine) ? (isOk ? 'yes' : 'no') : '-').padEnd(engine.length);
  };
  const head = ['shape'.padEnd(width), ...engines, 'dray', ...engines].join(' | ');
  const lines = rows.flatMap((row) => [
    [
      row.shape.name.padEnd(width),
      ...engines.map((engine) => mark(row.pulled, engine)),
      (row.prepulled === undefined ? 'yes' : 'no').padEnd(4),
      ...engines.map((engine) => mark(row.loaded, engine)),
    ].join(' | '),
    ...faultsOf(row).map((fault) => `  ${fault}`),
  ]);
  return [`pulled by engines | pre-pulled by dray | loaded by dray`, head, ...lines].join('\n');
}
