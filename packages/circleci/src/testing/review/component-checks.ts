import type { Finding, ReviewCheck } from './finding.ts';
import { mapAt, textAt } from './orb-file.ts';
import type { OrbFile } from './orb-file.ts';

const describedSections = ['jobs', 'commands', 'examples', 'executors'];
const snakeSections = ['jobs', 'commands', 'executors'];

/** RC002, RC003, RC004, RC010 and RC011: descriptions and names of components. */
export const componentChecks: ReviewCheck = (files, { orb, version }) => {
  const examples = files.filter(({ section }) => section === 'examples');
  return [
    ...files.filter(lacksDescription).map(({ path }): Finding => {
      return { code: 'RC002', path, message: 'the description is missing' };
    }),
    ...(examples.length === 0 ? [noExample] : []),
    ...examples
      .filter(({ name }) => name.includes('example'))
      .map(({ path }): Finding => {
        return { code: 'RC004', path, message: 'the name of an example contains "example"' };
      }),
    ...files.filter(({ section }) => snakeSections.includes(section)).flatMap(hyphenFindings),
    ...examples.flatMap((file) => versionFindings(file, orb, version.split('.')[0] ?? '')),
  ];
};

const noExample: Finding = { code: 'RC003', path: 'examples', message: 'the orb has no example' };

function lacksDescription({ section, content }: OrbFile): boolean {
  return describedSections.includes(section) && (textAt(content, 'description') ?? '').trim() === '';
}

function hyphenFindings({ path, name, content }: OrbFile): readonly Finding[] {
  const names = [name, ...Object.keys(mapAt(content, 'parameters'))];
  return names
    .filter((word) => word.includes('-'))
    .map((word) => ({ code: 'RC010', path, message: `${word} is not in snake_case` }));
}

function versionFindings({ path, content }: OrbFile, orb: string, major: string): readonly Finding[] {
  const references = Object.values(mapAt(mapAt(content, 'usage'), 'orbs'));
  return references
    .filter((reference) => typeof reference === 'string')
    .filter((reference) => reference.startsWith(`${orb}@`))
    .filter((reference) => !new RegExp(`@${major}(\\.|$)`).test(reference))
    .map((reference) => ({ code: 'RC011', path, message: `${reference} is not major version ${major}` }));
}
