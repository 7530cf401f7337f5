import { familiarName, familiarReference, isObject, parseDigest } from '@drayage/core';
import type { Digest, EngineImage, Reference } from '@drayage/core';
import type Dockerode from 'dockerode';
import { httpStatus } from './engine-errors.ts';
import { getJson } from './get-json.ts';

/**
 * The name to request: the familiar one. With a digest the tag is dropped, because engines know only
 * `name@digest`.
 */
export function imageName(name: Reference | Digest): string {
  if (typeof name === 'string') return name;
  return name.digest === undefined ? familiarReference(name) : `${familiarName(name)}@${name.digest}`;
}

/** An inspected image and its platform. */
export interface InspectedImage extends EngineImage {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

/** The image with this name or ID, or undefined when the engine lacks it. Throws dockerode's errors. */
export async function inspectImage(
  docker: Dockerode,
  name: string,
  signal: AbortSignal | undefined,
): Promise<InspectedImage | undefined> {
  let answer: unknown;
  try {
    answer = await getJson(docker, `/images/${name}/json`, signal);
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
  const image = isObject(answer) ? answer : {};
  const rootfs = isObject(image['RootFS']) ? image['RootFS'] : {};
  return {
    engineImageId: parseDigest(textOf(image['Id'])),
    diffIds: texts(rootfs['Layers']).map((diffId) => parseDigest(diffId)),
    repoTags: texts(image['RepoTags']),
    repoDigests: texts(image['RepoDigests']),
    os: textOf(image['Os']),
    architecture: textOf(image['Architecture']),
    variant: textOf(image['Variant']),
  };
}

// Engines write null for an empty list.
function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
