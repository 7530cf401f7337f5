import { describe, expect, test } from '@jest/globals';
import { parseReference } from '@drayage/core';
import { parseImageSelector } from './image-selector.ts';

describe('what a user writes for an image', () => {
  test.each([
    ['postgres:^16', 'docker.io', 'library/postgres', '^16', ''],
    ['node:~22.11-alpine', 'docker.io', 'library/node', '~22.11', 'alpine'],
    ['localhost:5000/team/app:>=7 <8', 'localhost:5000', 'team/app', '>=7 <8', ''],
    ['r.test/app:7.x', 'r.test', 'app', '7.x', ''],
  ])('%s is a range', (text, registry, repository, range, tagSuffix) => {
    expect(parseImageSelector(text)).toMatchObject({
      kind: 'range',
      repository: { registry, repository },
      range: { range, tagSuffix },
    });
  });

  test.each(['redis', 'redis:7', 'localhost:5000/app', 'r.test/app:1@sha256:' + 'a'.repeat(64)])(
    '%s is a reference',
    (text) => {
      expect(parseImageSelector(text)).toEqual({ kind: 'reference', reference: parseReference(text) });
    },
  );

  test.each(['app:^foo', 'app:>=7-alpine <8-slim', 'App:^1', 'app:^1@sha256:' + 'a'.repeat(64), 'app:'])(
    '%s is neither, and the message says so',
    (text) => {
      expect(() => parseImageSelector(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
    },
  );
});
