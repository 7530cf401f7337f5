import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '@drayage/core/testing';
import { discoverImages } from '../discover-images.ts';
import type { DiscoverOptions, Discovery } from '../discovery.ts';

/**
 * A fixture and its expected result: images as `text | file:line | what[ | platform]`, problems as
 * `severity | file:line | what`.
 */
export interface ExpectedDiscovery {
  readonly file: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly options?: Partial<DiscoverOptions> | undefined;
  readonly images: readonly string[];
  readonly problems?: readonly string[] | undefined;
}

/** A copy of the fixtures of one kind outside of the repository, so that nothing above them counts. */
export interface Fixtures {
  readonly discover: (file: string, options?: Partial<DiscoverOptions>) => Promise<Discovery>;
  readonly imageRows: (discovery: Discovery) => readonly string[];
  readonly problemRows: (discovery: Discovery) => readonly string[];
  /** The line of a file on which an image was found. */
  readonly lineOf: (image: { readonly file: string; readonly line: number }) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** Copies `fixtures/<kind>` of this package. The caller removes it. */
export async function copyFixtures(kind: string): Promise<Fixtures> {
  const { path: root, remove } = await temporaryDirectory();
  await cp(fileURLToPath(new URL(`../../fixtures/${kind}`, import.meta.url)), root, { recursive: true });
  const place = (file: string, line: number | undefined): string =>
    `${path.relative(root, file)}:${line === undefined ? '-' : String(line)}`;
  return {
    discover: (file, options) => discoverImages(path.join(root, file), { env: {}, ...options }),
    imageRows: ({ images }) =>
      images.map(({ text, file, line, what, platform }) =>
        [text, place(file, line), what, ...(platform === undefined ? [] : [platform])].join(' | '),
      ),
    problemRows: ({ problems }) =>
      problems.map(({ severity, file, line, what }) => [severity, place(file, line), what].join(' | ')),
    lineOf: async ({ file, line }) => (await readFile(file, 'utf8')).split('\n')[line - 1] ?? '',
    remove,
  };
}
