import { conditionType, imageNamesType, imageRequestsType } from './image-types.ts';
import type { ImageSource, OptionTable } from './option.ts';
import { fileListType } from './place-types.ts';
import { prepareType } from './prepare-type.ts';
import { choiceType } from './value-types.ts';

const imageSources: readonly ImageSource[] = ['registry', 'engine'];

type ImageOptionKey =
  'images' | 'optional' | 'from' | 'runOnly' | 'runExcept' | 'prepare' | 'source' | 'only';

/** The options that select images and prepare access to them. */
export const imageOptions: Pick<OptionTable, ImageOptionKey> = {
  images: {
    env: 'DRAY_IMAGES',
    configKey: 'images',
    type: imageRequestsType,
    default: [],
    summary: 'images to pre-pull, such as redis:7, postgres:^16 or ghcr.io/org/app@sha256:…',
  },
  optional: {
    flag: 'optional',
    env: 'DRAY_OPTIONAL',
    configKey: 'optional',
    type: imageRequestsType,
    default: [],
    summary: 'image to skip if its registry does not have it; may be repeated',
  },
  from: {
    flag: 'from',
    env: 'DRAY_FROM',
    configKey: 'from',
    type: fileListType,
    default: [],
    summary:
      'file that names images: a compose file, Dockerfile, CI configuration or Kubernetes manifest, optionally prefixed with its kind (compose:FILE); may be repeated',
  },
  runOnly: {
    env: 'DRAY_RUN_ONLY',
    configKey: 'only',
    type: conditionType,
    default: undefined,
    summary: 'branches, tags and events to pre-pull for',
  },
  runExcept: {
    env: 'DRAY_RUN_EXCEPT',
    configKey: 'except',
    type: conditionType,
    default: undefined,
    summary: 'branches, tags and events not to pre-pull for',
  },
  prepare: {
    flag: 'prepare',
    env: 'DRAY_PREPARE',
    configKey: 'prepare',
    type: prepareType,
    default: [],
    summary: 'shell command to run before any image is looked up, such as a login; may be repeated',
  },
  source: {
    flag: 'source',
    env: 'DRAY_SOURCE',
    configKey: 'source',
    type: choiceType(imageSources),
    default: 'registry',
    summary: 'source of the images: registries, or the engine for images built here',
  },
  only: {
    flag: 'only',
    env: 'DRAY_ONLY',
    configKey: 'loadOnly',
    type: imageNamesType,
    default: [],
    summary: 'wait only for this image, not for the whole pre-pull; may be repeated',
  },
};
