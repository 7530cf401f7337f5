import { describe, expect, test } from '@jest/globals';
import { fileListType, mirrorsType } from './place-types.ts';
import { conditionType, imageNamesType, imageRequestsType } from './image-types.ts';

describe('images', () => {
  test.each([
    ['redis:7, postgres:16\nghcr.io/a/b', ['redis:7', 'postgres:16', 'ghcr.io/a/b']],
    ['a:>=7 <8 b:^1', ['a:>=7 <8', 'b:^1']],
    ['app:${TAG:-a b}, c', ['app:${TAG:-a b}', 'c']],
    ['app:${A:-${B:-x y}} c', ['app:${A:-${B:-x y}}', 'c']],
    [' , ', []],
  ])('are separated by commas and white space: %j', (text, expected) => {
    expect(imageRequestsType.parse(text).map(({ image }) => image.text)).toEqual(expected);
  });

  test('to wait for are checked unless they have variables', () => {
    expect(imageNamesType.parse('redis:7 app:${TAG}')).toHaveLength(2);
    expect(() => imageNamesType.parse('redis:7 Redis:8')).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID', message: expect.stringContaining('Redis:8') }),
    );
  });
});

describe('conditions', () => {
  test('in a text are branches', () => {
    expect(conditionType.parse('main, release/*')).toEqual({ branches: ['main', 'release/*'] });
  });
});

describe('files that name images', () => {
  const inFile = { dir: '/repo', relocate: (path: string) => `../${path}` };

  test('start from the file that names them, with their kind before them', () => {
    const text = 'compose:a.yml, Dockerfile';
    expect(fileListType.read?.({ kind: 'text', place: '', text }, inFile)).toEqual([
      'compose:../a.yml',
      '../Dockerfile',
    ]);
  });

  test('may have spaces in a list', () => {
    const items = [{ kind: 'text', place: '', text: 'my file.yml' } as const];
    expect(fileListType.read?.({ kind: 'list', place: '', items }, inFile)).toEqual(['../my file.yml']);
  });
});

describe('mirrors', () => {
  test('may be a map of registries', () => {
    const members = new Map([['docker.io', { kind: 'text', place: 'x:1', text: 'https://m' } as const]]);
    const read = mirrorsType.read?.(
      { kind: 'map', place: '', members },
      { dir: '', relocate: (path) => path },
    );
    expect(read).toEqual([{ place: 'x:1', text: 'docker.io=https://m' }]);
  });
});
