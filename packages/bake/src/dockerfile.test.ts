import { describe, expect, test } from '@jest/globals';
import { parseReference } from '@drayage/core';
import { dockerfile, dockerfileMark } from './dockerfile.ts';

const base = parseReference('docker:dind');
const references = [parseReference('redis:7'), parseReference('[::1]:5000/team/app:1')];

describe('the Dockerfile of a baked image', () => {
  test('adds one layer per pack, oldest first, and what changes most often last', () => {
    expect(dockerfile({ base, packFiles: ['aa.squashfs', 'bb.erofs'], references })).toBe(
      [
        `${dockerfileMark}: a docker-in-docker that has its images when it starts.`,
        'FROM docker:dind',
        'COPY packs/aa.squashfs /drayage/packs/',
        'COPY packs/bb.erofs /drayage/packs/',
        'COPY drayage/ /drayage/',
        'ENTRYPOINT ["/bin/sh", "/drayage/entrypoint.sh"]',
        'LABEL dev.drayage.images="redis:7 [::1]:5000/team/app:1"\n',
      ].join('\n'),
    );
  });

  test('stays below the layer limit of an image', () => {
    const packFiles = Array.from({ length: 200 }, (_, position) => `${String(position)}.squashfs`);
    const lines = dockerfile({ base, packFiles, references }).split('\n');
    expect(lines.filter((line) => line.startsWith('COPY')).length).toBeLessThan(70);
    for (const file of packFiles) expect(lines.join('\n')).toContain(` packs/${file} `);
  });
});
