import { digestOf, type Digest } from './digest.ts';

/**
 * The chainIds of a stack of diffIds, bottom first: `chainIds[i]` names layers 0…i.
 * @see image-spec v1.1.1, config.md "Layer ChainID"
 */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}
