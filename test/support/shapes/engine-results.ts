import { isObject } from '@drayage/core';
import type { TestEngine } from '../engines.ts';
import { askEngine } from '../engine-http.ts';
import type { ServedShape } from './matrix.ts';

/** What an engine made of an image: undefined when it has it as it must be, else why not. */
export type EngineResult = string | undefined;

/** Lets an engine pull a shape, looks at what it got, and removes it again. */
export async function pullShape(engine: TestEngine, shape: ServedShape): Promise<EngineResult> {
  const path = `/images/create?fromImage=${encodeURIComponent(shape.reference)}`;
  const { status, body } = await askEngine(engine.socketPath, path, 'POST');
  const error = status === 200 ? errorIn(body) : body;
  if (error !== undefined) return error;
  const result = await lookAt(engine, shape);
  await askEngine(engine.socketPath, `/images/${shape.reference}?force=1`, 'DELETE');
  return result;
}

/** Compares the layers of an image in an engine with those that were served. */
export async function lookAt(engine: TestEngine, shape: ServedShape): Promise<EngineResult> {
  const { status, body } = await askEngine(engine.socketPath, `/images/${shape.reference}/json`);
  if (status !== 200) return body;
  const layers = layersIn(JSON.parse(body));
  return JSON.stringify(layers) === JSON.stringify(shape.diffIds)
    ? undefined
    : `it has the layers ${layers.join(' ')}, not ${shape.diffIds.join(' ')}`;
}

/** The error in the lines that a pull answers with. */
function errorIn(lines: string): string | undefined {
  const failed = lines.split('\n').find((line) => line.includes('"error"'));
  if (failed === undefined) return undefined;
  const parsed: unknown = JSON.parse(failed);
  return isObject(parsed) ? String(parsed['error']) : failed;
}

function layersIn(image: unknown): readonly unknown[] {
  const rootfs = isObject(image) ? image['RootFS'] : undefined;
  const layers = isObject(rootfs) ? rootfs['Layers'] : undefined;
  return Array.isArray(layers) ? layers : [];
}
