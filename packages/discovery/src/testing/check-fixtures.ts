import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFixtures, type ExpectedDiscovery, type Fixtures } from './fixtures.ts';

/** Registers a test for every fixture: what is found, and that each image's line is the one that names it. */
export function checkFixtures(kind: string, expected: readonly ExpectedDiscovery[]): void {
  describe(`fixtures of kind ${kind}`, () => {
    let fixtures: Fixtures;
    beforeAll(async () => {
      fixtures = await copyFixtures(kind);
    });
    afterAll(() => fixtures.remove());

    test('have a title each', () => {
      expect(repeatedTitles(expected)).toEqual([]);
    });

    test.each(expected.map((row) => [titleOf(row), row] as const))(
      'finds the images of %s',
      async (_, { file, env = {}, options = {}, images, problems = [] }) => {
        const discovery = await fixtures.discover(file, { env, ...options });
        expect(fixtures.imageRows(discovery)).toEqual(images);
        expect(fixtures.problemRows(discovery)).toEqual(problems);
        for (const image of discovery.images) {
          const line = await fixtures.lineOf(image);
          const hasExpression = /[$]|<</.test(line);
          expect({ image, line, isThere: hasExpression || line.includes(image.text) }).toMatchObject({
            isThere: true,
          });
        }
      },
    );
  });
}

/** What a row begins with: the file, and what it is read with. */
function titleOf({ file, env, options }: ExpectedDiscovery): string {
  const given = { env, ...options };
  return Object.keys(given).length === 0 ? file : `${file} with ${JSON.stringify(given)}`;
}

/** Titles of several rows, which a report could not distinguish. */
function repeatedTitles(expected: readonly ExpectedDiscovery[]): readonly string[] {
  const titles = expected.map(titleOf);
  return titles.filter((title, position) => titles.indexOf(title) !== position);
}
