import { isYamlMap } from '../../pack/yaml-map.ts';
import type { Finding, ReviewCheck } from './finding.ts';
import { keyedValues, mapAt, textAt } from './orb-file.ts';
import type { OrbFile } from './orb-file.ts';

/** The maximum length of a command in the YAML itself. */
const longestCommand = 64;

/** RC008, RC009 and RC012: the steps of jobs and commands. */
export const stepChecks: ReviewCheck = (files) =>
  files
    .filter(({ section }) => section === 'jobs' || section === 'commands')
    .flatMap((file) => [...runFindings(file), ...keyFindings(file)]);

function runFindings({ path, content }: OrbFile): readonly Finding[] {
  const runs = keyedValues(content['steps'] ?? []).filter(({ key }) => key === 'run');
  return runs.flatMap(({ value }): readonly Finding[] => {
    const run = isYamlMap(value) ? value : {};
    const command = textAt(run, 'command') ?? (typeof value === 'string' ? value : '');
    const isLong = command.length > longestCommand && !command.includes('<<include(');
    return [
      ...((textAt(run, 'name') ?? '').trim() === ''
        ? [{ code: 'RC008', path, message: 'a run step has no name' } as const]
        : []),
      ...(isLong
        ? [{ code: 'RC009', path, message: `a command should be a script: ${command}` } as const]
        : []),
    ];
  });
}

/** A cache key is not shell text: CircleCI would take a variable in a default literally. */
function keyFindings({ path, content }: OrbFile): readonly Finding[] {
  const risky = Object.entries(mapAt(content, 'parameters'))
    .filter(([, parameter]) => isYamlMap(parameter) && /\$./.test(textAt(parameter, 'default') ?? ''))
    .map(([name]) => name);
  const texts = keyedValues(content['steps'] ?? []).filter(({ key }) => /keys?$/.test(key));
  return risky.flatMap((name) =>
    texts
      .filter(({ value }) => typeof value === 'string' && usesParameter(value, name))
      .map(({ key }): Finding => {
        return { code: 'RC012', path, message: `${key} uses ${name}, whose default is for a shell` };
      }),
  );
}

function usesParameter(text: string, name: string): boolean {
  return new RegExp(`<<\\s*parameters\\.${name}\\s*>>`).test(text);
}
