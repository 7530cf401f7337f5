import { describe, expect, it } from '@jest/globals';
import { packOrb } from './pack-orb.ts';

const root = ['@orb.yml', 'version: 2.1\ndescription: an orb\n'] as const;

describe('packOrb', () => {
  it('puts each file into its section under its own name', () => {
    const packed = packOrb(
      new Map([
        root,
        ['commands/load.yml', 'steps: [checkout]\n'],
        ['executors/deep/er/small.yml', 'docker: [{ image: a }]\n'],
        ['README.md', 'not packed'],
      ]),
    );
    expect(packed).toEqual({
      version: 2.1,
      description: 'an orb',
      commands: { load: { steps: ['checkout'] } },
      executors: { small: { docker: [{ image: 'a' }] } },
    });
  });

  it('merges files that begin with @ into their section', () => {
    const packed = packOrb(new Map([root, ['jobs/@all.yml', 'a: { steps: [] }\nb: { steps: [] }\n']]));
    expect(packed['jobs']).toEqual({ a: { steps: [] }, b: { steps: [] } });
  });

  it('puts included files in place, and escapes what CircleCI would take for a parameter', () => {
    const packed = packOrb(
      new Map([
        root,
        ['commands/a.yml', 'steps: [{ run: { name: a, command: "<<include(scripts/a.sh)>>" } }]\n'],
        ['commands/b.yml', 'steps: [{ run: { name: b, command: "x << include(scripts/a.sh) >>" } }]\n'],
        ['scripts/a.sh', 'cat <<END\n$1 $& << $(( 1 << 2 ))\nEND\n'],
      ]),
    );
    const text = 'cat \\<<END\n$1 $& \\<< $(( 1 \\<< 2 ))\nEND\n';
    expect(packed['commands']).toEqual({
      a: { steps: [{ run: { name: 'a', command: text } }] },
      b: { steps: [{ run: { name: 'b', command: `x ${text}` } }] },
    });
  });

  it('leaves examples as they are', () => {
    const example = 'usage: { note: "<<include(scripts/a.sh)>>" }\n';
    const packed = packOrb(new Map([root, ['examples/a.yml', example]]));
    expect(packed['examples']).toEqual({ a: { usage: { note: '<<include(scripts/a.sh)>>' } } });
  });

  it.each([
    ['there is no root file', new Map([['commands/a.yml', 'steps: []']]), '@orb.yml'],
    ['an included file is missing', new Map([root, ['jobs/a.yml', 'x: "<<include(s.sh)>>"']]), 's.sh'],
    [
      'two files give one component',
      new Map([root, ['jobs/a.yml', 'x: 1'], ['jobs/b/a.yml', 'x: 1']]),
      'called a',
    ],
    ['a file is no mapping', new Map([root, ['jobs/a.yml', '- 1']]), 'jobs/a.yml'],
  ])('refuses when %s, naming it', (_, sources, name) => {
    expect(() => packOrb(sources)).toThrow(name);
  });
});
