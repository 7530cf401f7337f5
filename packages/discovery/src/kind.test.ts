import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '@drayage/core';
import { discoveryKinds } from './discovery.ts';
import { detectKind, parseDiscoverySource } from './kind.ts';

const kindOf = (path: string, text = ''): string => detectKind({ path, shown: path, text });

describe('the kind of a file', () => {
  test.each([
    ['/r/compose.yaml', 'compose'],
    ['/r/docker-compose.yml', 'compose'],
    ['/r/docker-compose.override.yml', 'compose'],
    ['/r/compose-ci.yaml', 'compose'],
    ['/r/deploy/prod.compose.yml', 'compose'],
    ['/r/Dockerfile', 'dockerfile'],
    ['/r/Dockerfile.prod', 'dockerfile'],
    ['/r/web.Dockerfile', 'dockerfile'],
    ['/r/Containerfile', 'dockerfile'],
    ['/r/.gitlab-ci.yml', 'gitlab'],
    ['/r/ci/build.gitlab-ci.yml', 'gitlab'],
    ['/r/.circleci/config.yml', 'circleci'],
    ['/r/.circleci/continue.yml', 'circleci'],
  ])('of %s is %s by its name', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });

  test.each([
    ['a.yaml', 'apiVersion: v1\nkind: Pod\n', 'kubernetes'],
    ['a.json', '{\n  "apiVersion": "v1",\n  "kind": "List"\n}', 'kubernetes'],
    ['t.yaml', '{{- if .Values.x }}\napiVersion: apps/v1\nkind: Deployment\n{{- end }}', 'kubernetes'],
    ['s.yml', 'services:\n  a:\n    image: x\n', 'compose'],
    ['c.yml', 'version: 2.1\norbs:\n  node: circleci/node@6\njobs:\n', 'circleci'],
    ['g.yml', 'stages: [a]\njob:\n  script: x\n', 'gitlab'],
    ['build', '# why\n\nARG V=1\nfrom alpine:$V\n', 'dockerfile'],
  ])('of %s is seen in %j: %s', (path, text, kind) => {
    expect(kindOf(`/r/${path}`, text)).toBe(kind);
  });

  test.each([
    ['/r/Dockerfile.dockerignore', 'node_modules\n'],
    ['/r/values.yaml', 'image:\n  repository: nginx\n'],
    ['/r/notes.txt', 'services:\n  image: x\n'],
    ['/r/blank.yml', '\n'.repeat(200_000)],
  ])('of %s is unknown, and the error names all kinds', (path, text) => {
    let caught: unknown;
    try {
      kindOf(path, text);
    } catch (error) {
      caught = error;
    }
    expect(isDrayError(caught, 'DISCOVERY_FAILED') && caught.message).toContain(path);
    const hint = isDrayError(caught) ? caught.hint : '';
    for (const kind of discoveryKinds) expect(hint).toContain(`${kind}:${path}`);
  });

  test.each([
    ['compose:a/stack.yml', { kind: 'compose', path: 'a/stack.yml' }],
    ['kubernetes:./x:y.yaml', { kind: 'kubernetes', path: './x:y.yaml' }],
    ['a/stack.yml', { path: 'a/stack.yml' }],
    ['helm:chart', { path: 'helm:chart' }],
    [':x', { path: ':x' }],
  ])('in %j is %j', (text, expected) => {
    expect(parseDiscoverySource(text)).toEqual(expected);
  });
});
