import { describe, expect, test } from '@jest/globals';
import { hostFolders, missingFolder } from './create-helper-container.ts';

describe('a folder that the engine host lacks', () => {
  test.each([
    'invalid mount config for type "bind": bind source path does not exist: /lib64',
    'Error response: bind source path does not exist: /lib64 (retry)',
  ])('is found in the engine’s message: %s', (reason) => {
    expect(missingFolder(reason, hostFolders)).toBe('/lib64');
  });

  test.each([
    'bind source path does not exist: /lib6',
    'bind source path does not exist: /usr/lib64',
    'no such image',
    '',
  ])('is not found in an unrelated message: %j', (reason) => {
    expect(missingFolder(reason, hostFolders)).toBeUndefined();
  });
});
