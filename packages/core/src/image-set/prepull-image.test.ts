import { describe, expect, test } from '@jest/globals';
import { RegistryError, isDrayError } from '../errors.ts';
import { parseReference } from '../image/reference.ts';
import { firstExisting } from './locate-image.ts';
import { distinctImages, fixedCandidate, fixedImage, type PrepullImage } from './prepull-image.ts';

const image: PrepullImage = {
  text: 'app',
  candidates: ['app:branch', 'app:main', 'app:latest'].map((name) => fixedCandidate(parseReference(name))),
  alsoNamed: [],
  optional: false,
};

/** Accepts only existing tags; others are not found, or fail with `code`. */
function taking(
  existing: readonly string[],
  code: 'REGISTRY_NOT_FOUND' | 'REGISTRY_DENIED' = 'REGISTRY_NOT_FOUND',
) {
  return async ({
    reference,
  }: {
    readonly reference: { readonly tag?: string | undefined };
  }): Promise<string> => {
    const tag = reference.tag ?? '';
    if (existing.includes(tag)) return tag;
    throw new RegistryError(code, `cannot find ${tag}`);
  };
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the candidates of an image', () => {
  test('are tried in order until one exists', async () => {
    await expect(firstExisting(image, taking(['latest', 'main']))).resolves.toBe('main');
  });

  test('are all named when none exists', async () => {
    const error = await failureOf(firstExisting(image, taking([])));
    expect(isDrayError(error, 'REGISTRY_NOT_FOUND') && error.message).toContain(
      'app:branch, app:main, app:latest',
    );
  });

  test('are abandoned when the registry refuses one, since it may exist', async () => {
    const error = await failureOf(firstExisting(image, taking(['latest'], 'REGISTRY_DENIED')));
    expect(isDrayError(error, 'REGISTRY_DENIED')).toBe(true);
  });
});

describe('images that are requested twice', () => {
  test('are fetched once, with all their names, and required when any request requires them', () => {
    const redis = parseReference('redis:7');
    const [first, second] = [parseReference('a:1'), parseReference('b:1')];
    const images = [
      { ...fixedImage(redis, true), alsoNamed: [first] },
      { ...fixedImage(redis), alsoNamed: [first, second] },
    ];
    expect(distinctImages(images)).toMatchObject([
      { text: 'redis:7', optional: false, alsoNamed: [first, second] },
    ]);
  });
});
