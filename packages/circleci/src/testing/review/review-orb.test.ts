import { describe, expect, it } from '@jest/globals';
import { reviewOrb } from './review-orb.ts';

const options = {
  orb: 'drayage/drayage',
  version: '1.2.3',
  repositoryUrl: 'https://github.com/drayage/drayage',
};

const good = {
  '@orb.yml': `version: 2.1
description: ${'An orb that is described at length. '.repeat(2)}
display: { home_url: "https://github.com/drayage/drayage", source_url: "https://github.com/drayage/drayage" }
`,
  'commands/load.yml': `description: Loads.
parameters: { time_limit: { type: string, default: 5m }, dir: { type: string, default: "$HOME/x" } }
steps:
  - run: { name: Load, command: "<<include(scripts/load.sh)>> # and that is longer than what may stand here" }
  - save_cache: { key: "v1-<< parameters.time_limit >>", paths: ["<< parameters.dir >>"] }
`,
  'jobs/prepull.yml': 'description: Pre-pulls.\nsteps: [checkout]\n',
  'executors/small.yml': 'description: Small.\ndocker: [{ image: a }]\n',
  'examples/parallel.yml':
    'description: Shows.\nusage: { version: 2.1, orbs: { drayage: drayage/drayage@1.2 } }\n',
};

function codes(changes: Readonly<Record<string, string | undefined>>): readonly string[] {
  const all: Readonly<Record<string, string | undefined>> = { ...good, ...changes };
  const files = Object.entries(all).flatMap(([path, text]) => {
    return text === undefined ? [] : [[path, text] as const];
  });
  return reviewOrb(new Map(files), options).map(({ code, path }) => `${code} ${path}`);
}

function root(changes: Readonly<Record<string, string>>): string {
  const parts = { description: 'An orb that is described at length. '.repeat(2), ...linked, ...changes };
  const { description, source, home } = parts;
  return `version: 2.1\ndescription: ${description}\ndisplay: { ${home}, ${source} }\n`;
}

const linked = {
  source: 'source_url: "https://github.com/drayage/drayage"',
  home: 'home_url: "https://github.com/drayage/drayage/tree/main/orbs"',
};

describe('reviewOrb', () => {
  it('finds nothing in an orb that keeps the rules', () => {
    expect(codes({})).toEqual([]);
    expect(codes({ '@orb.yml': root({}) })).toEqual([]);
  });

  it('RC001: wants a link to the source', () => {
    expect(codes({ '@orb.yml': root({ source: 'other: 1' }) })).toEqual(['RC001 @orb.yml']);
  });

  it.each(['commands/load.yml', 'jobs/prepull.yml', 'executors/small.yml', 'examples/parallel.yml'])(
    'RC002: wants a description in %s',
    (path) => {
      expect(codes({ [path]: 'description: " "\n' })).toEqual([`RC002 ${path}`]);
    },
  );

  it('RC003: wants an example', () => {
    expect(codes({ 'examples/parallel.yml': undefined })).toEqual(['RC003 examples']);
  });

  it('RC004: wants no example that is called so', () => {
    const path = 'examples/first_example.yml';
    expect(codes({ [path]: good['examples/parallel.yml'] })).toEqual([`RC004 ${path}`]);
  });

  it('RC005: wants a description of the orb that says something', () => {
    expect(codes({ '@orb.yml': root({ description: 'Short.' }) })).toEqual(['RC005 @orb.yml']);
  });

  it('RC006 and RC007: want links that lead to the repository', () => {
    expect(
      codes({ '@orb.yml': root({ source: 'source_url: "https://github.com/drayage/drayage-2"' }) }),
    ).toEqual(['RC006 @orb.yml']);
    expect(codes({ '@orb.yml': root({ home: 'home_url: nowhere' }) })).toEqual(['RC007 @orb.yml']);
  });

  it('RC008: wants a name for each run step, also for one within a condition', () => {
    const path = 'jobs/prepull.yml';
    expect(codes({ [path]: 'description: a\nsteps: [{ run: { command: ls } }]\n' })).toEqual([
      `RC008 ${path}`,
    ]);
    expect(
      codes({ [path]: 'description: a\nsteps: [{ when: { condition: true, steps: [{ run: ls }] } }]\n' }),
    ).toEqual([`RC008 ${path}`]);
  });

  it('RC009: wants long commands in scripts', () => {
    const path = 'commands/load.yml';
    const command = 'x'.repeat(65);
    expect(codes({ [path]: `description: a\nsteps: [{ run: { name: a, command: ${command} } }]\n` })).toEqual(
      [`RC009 ${path}`],
    );
  });

  it('RC010: wants snake_case for files and parameters, but not for examples', () => {
    expect(codes({ 'commands/load-all.yml': good['commands/load.yml'] })).toEqual([
      'RC010 commands/load-all.yml',
    ]);
    expect(
      codes({ 'executors/small.yml': 'description: a\nparameters: { a-b: { type: string } }\n' }),
    ).toEqual(['RC010 executors/small.yml']);
    expect(codes({ 'examples/in-parallel.yml': good['examples/parallel.yml'] })).toEqual([]);
  });

  it('RC011: wants examples of the current major version, and leaves other orbs alone', () => {
    const path = 'examples/parallel.yml';
    const usage = (orb: string): string => `description: a\nusage: { orbs: { drayage: "${orb}" } }\n`;
    expect(codes({ [path]: usage('drayage/drayage@0') })).toEqual([`RC011 ${path}`]);
    expect(codes({ [path]: usage('drayage/drayage@12') })).toEqual([`RC011 ${path}`]);
    expect(codes({ [path]: usage('circleci/node@7') })).toEqual([]);
  });

  it('RC012: wants no default with a shell variable in the key of a cache', () => {
    const path = 'commands/load.yml';
    const cached = good[path].replace('v1-<< parameters.time_limit >>', 'v1-<< parameters.dir >>');
    expect(codes({ [path]: cached })).toEqual([`RC012 ${path}`]);
    const listed = `description: a
parameters: { dir: { type: string, default: "$HOME/x" } }
steps: [{ restore_cache: { keys: ["v1-<<parameters.dir>>"] } }]
`;
    expect(codes({ [path]: listed })).toEqual([`RC012 ${path}`]);
  });
});
