import { describe, expect, test } from '@jest/globals';
import type { TagSource } from '@drayage/core';
import { parseImageSelector } from './image-selector.ts';
import { resolveTag } from './resolve-tag.ts';

const sourceOf = (tags: readonly string[]): TagSource => ({
  async *listTags() {
    yield* tags;
  },
});

const resolve = async (text: string, tags: readonly string[]): Promise<unknown> => {
  const selector = parseImageSelector(text);
  if (selector.kind !== 'range') throw new Error(`${text} is no range`);
  return resolveTag(sourceOf(tags), selector);
};

describe('resolving a range', () => {
  test('gives a reference with the chosen tag', async () => {
    await expect(resolve('postgres:^16', ['16.4', '16.10', '17.0'])).resolves.toEqual({
      registry: 'docker.io',
      repository: 'library/postgres',
      tag: '16.10',
    });
  });

  test('without a match says repository, range, tag suffix and the nearest tags', async () => {
    const tags = [
      '14.1-alpine',
      '15.1-alpine',
      '17.2-alpine',
      '18.0-alpine',
      '16.4',
      '16.4-bookworm',
      'latest',
    ];
    const error: unknown = await resolve('postgres:^16-alpine', tags).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'TAG_NOT_FOUND',
      details: { repository: 'postgres', range: '^16', flavour: 'alpine' },
    });
    for (const text of ['postgres', '^16', 'alpine'])
      expect(error).toHaveProperty('message', expect.stringContaining(text));
    for (const tag of ['17.2-alpine', '15.1-alpine', '16.4-bookworm'])
      expect(error).toHaveProperty('hint', expect.stringContaining(tag));
  });

  test('of a repository without tags is no match either', async () => {
    await expect(resolve('app:^1', [])).rejects.toMatchObject({ code: 'TAG_NOT_FOUND' });
  });
});
