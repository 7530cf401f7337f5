import { describe, expect, test } from '@jest/globals';
import { parseReference } from '@drayage/core';
import { documentNames, documentTag, imageTag, keyOfTag } from './tags.ts';

describe('the tags of a bundle', () => {
  test('name key and document, and fit a registry', () => {
    const key = 'k'.repeat(80);
    const tags = documentNames.map((name) => documentTag(key, name));
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) {
      expect(tag.length).toBeLessThanOrEqual(128);
      expect(keyOfTag(tag)).toBe(key);
    }
    expect(keyOfTag('redis-7')).toBeUndefined();
  });
});

describe('the tag of an image', () => {
  test.each([
    ['redis:7', 'redis-7'],
    ['org/app', 'org-app-latest'],
    ['ghcr.io/org/app:1.2', 'ghcr.io-org-app-1.2'],
    ['127.0.0.1:5000/a:x', '127.0.0.1-5000-a-x'],
    [`redis@sha256:${'ab'.repeat(32)}`, 'redis-sha256-abababababab'],
  ])('of %s is %s', (name, tag) => {
    expect(imageTag(parseReference(name))).toBe(tag);
  });

  test('is short enough for the longest name', () => {
    const tags = ['x', 'y'].map((end) => imageTag(parseReference(`ghcr.io/${'long/'.repeat(40)}app:${end}`)));
    expect(new Set(tags).size).toBe(2);
    for (const tag of tags) expect(tag).toMatch(/^[\w][\w.-]{0,127}$/);
  });
});
