import { expect, test } from '@jest/globals';
import { createPool } from './pool.ts';

test('the first failure among 20,000 items ends the work, and no further item starts', async () => {
  let started = 0;
  const items = Array.from({ length: 20_000 }, (_, position) => position);
  const work = createPool(6).map(items, async (item) => {
    started += 1;
    throw new Error(`item ${String(item)}`);
  });
  await expect(work).rejects.toThrow('item 0');
  expect(started).toBeLessThanOrEqual(6);
});
