import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { dray, reportOf } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { describeWith } from './support/requirements.ts';
import { lookAt, pullShape, type EngineResult } from './support/shapes/engine-results.ts';
import { allShapes, contentShapes, serveShape, type ServedShape } from './support/shapes/matrix.ts';
import { faultsOf, tableOf, type Row } from './support/shapes/verdicts.ts';

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;
const limitMs = 600_000;

type Results = ReadonlyMap<ServedShape, EngineResult>;

/** What Docker 28.5 pulls, dray pre-pulls and delivers; what it refuses, dray refuses with the reason. */
describeWith({ engine: variant, root: true }, 'images of every shape', () => {
  const engines = new Map<string, TestEngine>();
  const shapes: ServedShape[] = [];
  const rows: Row[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = makeFolder();
    for (const shape of allShapes) shapes.push(await serveShape(shape));
    await Promise.all(
      engineVariants.map(async (each) => {
        engines.set(`${each.name} ${each.imageStore}`, await startEngine(each));
      }),
    );
    const bundle = join(folder, 'bundle');
    const prepulling = prepullAll(bundle);
    const pulled = await byEngine((name, engine) => pullAll(name, engine));
    const prepulled = await prepulling;
    const loaded = await byEngine((_, engine) => loadAll(bundle, engine));
    rows.push(
      ...shapes.map((served) => ({
        shape: served.shape,
        prepulled: prepulled.get(served),
        pulled: resultsOf(served, pulled),
        loaded: resultsOf(served, loaded),
      })),
    );
  }, limitMs);

  afterAll(async () => {
    await Promise.all([...engines.values()].map((engine) => engine.stop()));
    await Promise.all(shapes.map(({ close }) => close()));
    await removeFolder(folder);
  }, limitMs);

  async function byEngine(
    act: (name: string, engine: TestEngine) => Promise<Results>,
  ): Promise<ReadonlyMap<string, Results>> {
    const results = [...engines].map(async ([name, engine]) => [name, await act(name, engine)] as const);
    return new Map(await Promise.all(results));
  }

  async function pullAll(name: string, engine: TestEngine): Promise<Results> {
    const asked = shapes.filter(({ shape }) => shape.crashes2010 !== true || name !== '20.10 classic');
    return new Map(
      await Promise.all(asked.map(async (each) => [each, await pullShape(engine, each)] as const)),
    );
  }

  async function prepullAll(bundle: string): Promise<Results> {
    const references = shapes.map(({ reference }) => reference);
    const platform = ['--platform', 'linux/amd64'];
    const finished = await dray(['prepull', ...references, ...platform, '--bundle', bundle, '--json']);
    const { images } = reportOf('prepull', finished);
    expect(images).toHaveLength(shapes.length);
    return new Map(shapes.map((each, position) => [each, images[position]?.error?.message] as const));
  }

  async function loadAll(bundle: string, engine: TestEngine): Promise<Results> {
    const wanted = shapes.filter(({ shape }) => contentShapes.includes(shape));
    const only = wanted.flatMap(({ reference }) => ['--only', reference]);
    await dray(['load', '--bundle', bundle, '--settled', '--delivery', 'load', ...only], {
      host: engine.host,
    });
    return new Map(
      await Promise.all(wanted.map(async (each) => [each, await lookAt(engine, each)] as const)),
    );
  }

  function resultsOf(served: ServedShape, all: ReadonlyMap<string, Results>): Row['pulled'] {
    return new Map(
      [...all].flatMap(([name, results]) =>
        results.has(served) ? [[name, results.get(served)] as const] : [],
      ),
    );
  }

  test('are pre-pulled and delivered where Docker 28.5 pulls them, and refused with the reason', () => {
    const faults = rows.flatMap((row) => faultsOf(row).map((fault) => `${row.shape.name}: ${fault}`));
    const table = tableOf(rows, [...engines.keys()]);
    if (faults.length > 0) throw new Error(`${faults.join('\n')}\n\n${table}`);
    expect(rows).toHaveLength(allShapes.length);
  });
});
