import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { answerShapes } from './answers.ts';
import { layerShapes } from './layers.ts';
import { manifestShapes } from './manifests.ts';
import { platformShapes } from './platforms.ts';
import type { ServedImage, Shape } from './shape.ts';
import { tokenShapes } from './tokens.ts';

/** The shapes that differ in what is delivered; the others differ in how it is pulled. */
export const contentShapes: readonly Shape[] = [...layerShapes, ...manifestShapes, ...platformShapes];

/** Every shape there is. */
export const allShapes: readonly Shape[] = [...contentShapes, ...answerShapes, ...tokenShapes];

/** A shape in a registry of its own. */
export interface ServedShape extends ServedImage {
  readonly shape: Shape;
  /** `HOST/REPOSITORY:1` */
  readonly reference: string;
  readonly close: () => Promise<void>;
}

/** Starts a registry for a shape, with the shape in it. */
export async function serveShape(shape: Shape): Promise<ServedShape> {
  const registry: FaultyRegistry = await startFaultyRegistry(shape.registry);
  try {
    const { diffIds } = shape.serve({ registry, repository: shape.name, tags: ['1'] });
    const reference = `${registry.host}/${shape.name}:1`;
    return { shape, reference, diffIds, close: () => registry.close() };
  } catch (error) {
    await registry.close();
    throw error;
  }
}
