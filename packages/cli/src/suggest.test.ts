import { describe, expect, test } from '@jest/globals';
import { nearest } from './suggest.ts';

describe('the nearest word', () => {
  const known = ['timeout', 'grace', 'insecureRegistries', 'bundle verify'];

  test.each([
    ['tiemout', 'timeout'],
    ['timeot', 'timeout'],
    ['Timeout', 'timeout'],
    ['insecure_registries', 'insecureRegistries'],
    ['grece', 'grace'],
    ['bundle verfy', 'bundle verify'],
  ])('to %j is %j', (text, meant) => {
    expect(nearest(text, known)).toBe(meant);
  });

  test.each(['', 'x', 'images', 'prepull'])('to %j is undefined', (text) => {
    expect(nearest(text, known)).toBeUndefined();
  });
});
