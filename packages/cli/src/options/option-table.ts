import type { DeliveryMode, OnMiss } from '@drayage/core';
import { ageType } from './age-type.ts';
import { ciOptions } from './ci-options.ts';
import { engineOptions } from './engine-options.ts';
import { imageOptions } from './image-options.ts';
import type { OptionKey, OptionTable } from './option.ts';
import { packOptions } from './pack-options.ts';
import { trustOptions } from './trust-options.ts';
import { mirrorsType } from './place-types.ts';
import { stepOptions } from './step-options.ts';
import {
  booleanType,
  choiceType,
  durationType,
  pathType,
  platformListType,
  platformType,
  textListType,
  textType,
  wholeNumberType,
} from './value-types.ts';

const deliveryModes: readonly DeliveryMode[] = ['auto', 'mount', 'load', 'pull'];
const onMissChoices: readonly OnMiss[] = ['continue', 'pull', 'fail'];

/** Every option of every command. Help, completion scripts and CI templates are rendered from this table. */
export const optionTable: OptionTable = {
  ...imageOptions,
  ...packOptions,
  bundle: {
    flag: 'bundle',
    env: 'DRAY_BUNDLE',
    configKey: 'bundle',
    type: pathType('DIR'),
    default: '.dray/bundle',
    summary: 'directory of the bundle, an OCI image layout',
  },
  handover: {
    flag: 'handover',
    env: 'DRAY_HANDOVER',
    configKey: 'handover',
    type: { ...pathType('auto|DIR|URL'), words: ['auto'] },
    default: undefined,
    summary:
      'handover location of the bundle; auto: the usual one of the CI system; default: the bundle directory itself',
  },
  key: {
    flag: 'key',
    env: 'DRAY_KEY',
    configKey: 'key',
    type: textType('NAME'),
    default: undefined,
    summary:
      'name of this bundle, if the place holds several; default: the pipeline at a handover location, prepull in a workspace',
  },
  expiresMs: {
    flag: 'expires',
    env: 'DRAY_EXPIRES',
    configKey: 'expires',
    type: ageType,
    default: undefined,
    summary: 'age, such as 12h or 7d, from which bundles at the handover location are deleted',
  },
  asImages: {
    flag: 'as-images',
    env: 'DRAY_AS_IMAGES',
    configKey: 'asImages',
    type: booleanType,
    default: false,
    summary: 'also tag the images in the registry of the handover location, so that any engine can pull them',
  },
  platform: {
    flag: 'platform',
    env: 'DRAY_PLATFORM',
    configKey: 'platform',
    type: platformType,
    default: undefined,
    summary: 'platform of the images; default: linux with the architecture of this machine',
  },
  platforms: {
    flag: 'platforms',
    env: 'DRAY_PLATFORMS',
    configKey: 'platforms',
    type: platformListType,
    default: [],
    summary: 'platforms to lock, separated by commas; default: the platform of a pre-pull on this machine',
  },
  frozen: {
    flag: 'frozen',
    env: 'DRAY_FROZEN',
    configKey: 'frozen',
    type: booleanType,
    default: false,
    summary: 'pull exactly the digests in dray.lock, and fail if it does not cover an image',
  },
  check: {
    flag: 'check',
    env: 'DRAY_CHECK',
    type: booleanType,
    default: false,
    summary:
      'write nothing; if the lock or the rendered files are out of date, list the differences and exit 3',
  },
  lockFile: {
    flag: 'lock-file',
    env: 'DRAY_LOCK_FILE',
    configKey: 'lockFile',
    type: pathType('FILE'),
    default: undefined,
    summary: 'lock file; default: dray.lock beside the configuration file',
  },
  mirrors: {
    flag: 'mirror',
    env: 'DRAY_MIRROR',
    configKey: 'mirrors',
    type: mirrorsType,
    default: [],
    summary: 'mirror to try before a registry, such as docker.io=https://mirror.example; may be repeated',
  },
  insecureRegistries: {
    flag: 'insecure-registry',
    env: 'DRAY_INSECURE_REGISTRY',
    configKey: 'insecureRegistries',
    type: textListType('HOST'),
    default: [],
    summary: 'registry host, with its port, to use without TLS; may be repeated',
  },
  caFile: {
    flag: 'ca-file',
    env: 'DRAY_CA_FILE',
    otherEnv: ['SSL_CERT_FILE'],
    configKey: 'caFile',
    type: pathType('FILE'),
    default: undefined,
    summary: 'PEM file with CA certificates to trust in addition to the public ones',
  },
  certsDir: {
    flag: 'certs-dir',
    env: 'DRAY_CERTS_DIR',
    configKey: 'certsDir',
    type: pathType('DIR'),
    default: '/etc/docker/certs.d',
    summary: 'directory with a folder of certificates per registry',
  },
  concurrency: {
    flag: 'concurrency',
    env: 'DRAY_CONCURRENCY',
    configKey: 'concurrency',
    type: wholeNumberType(1, 64),
    default: 6,
    summary: 'number of parallel transfers',
  },
  delivery: {
    flag: 'delivery',
    env: 'DRAY_DELIVERY',
    configKey: 'delivery',
    type: choiceType(deliveryModes),
    default: 'auto',
    summary:
      'how the engine gets the images: mount packs, load layers, or let the engine pull; auto mounts if possible',
  },
  ...engineOptions,
  onMiss: {
    flag: 'on-miss',
    env: 'DRAY_ON_MISS',
    configKey: 'onMiss',
    type: choiceType(onMissChoices),
    default: 'continue',
    summary:
      'action for an image that was not pre-pulled: continue without it, let the engine pull it, or fail',
  },
  timeoutMs: {
    flag: 'timeout',
    env: 'DRAY_TIMEOUT',
    configKey: 'timeout',
    type: durationType,
    default: 600_000,
    defaultText: '10m',
    summary:
      'maximum time to wait in total; of prepull: for the whole command (1h without this option or variable)',
  },
  graceMs: {
    flag: 'grace',
    env: 'DRAY_GRACE',
    configKey: 'grace',
    type: durationType,
    default: 60_000,
    defaultText: '60s',
    summary: 'maximum time to wait for a pre-pull to begin',
  },
  settled: {
    flag: 'settled',
    env: 'DRAY_SETTLED',
    configKey: 'settled',
    type: booleanType,
    default: false,
    summary: 'the bundle is complete and does not change any more, so do not wait',
  },
  strict: {
    flag: 'strict',
    env: 'DRAY_STRICT',
    configKey: 'strict',
    type: booleanType,
    default: false,
    summary:
      'fail where the job would go on: load if an image was not delivered (exit 3, or 4 after a timeout), load and engine start if others can write to a pack (exit 3), other commands if a file named with --from cannot be parsed (exit 2)',
  },
  ...trustOptions,
  ...ciOptions,
  ...stepOptions,
  base: {
    flag: 'base',
    env: 'DRAY_BASE',
    configKey: 'base',
    type: textType('IMAGE'),
    default: 'docker:dind',
    summary: 'docker-in-docker image to build on',
  },
  output: {
    flag: 'output',
    env: 'DRAY_OUTPUT',
    configKey: 'output',
    type: pathType('DIR'),
    default: '.dray/bake',
    summary: 'directory of the build context; an earlier one is replaced',
  },
  bakeTag: {
    flag: 'tag',
    // DRAY_TAG is the git tag of the run.
    env: 'DRAY_BAKE_TAG',
    configKey: 'bakeTag',
    type: textType('NAME'),
    default: undefined,
    summary:
      'build the image with the docker client and give it this tag; without it, only write the build context',
  },
  push: {
    flag: 'push',
    env: 'DRAY_PUSH',
    type: booleanType,
    default: false,
    summary: 'push the image that --tag names, with the docker client and its logins',
  },
  configFile: {
    flag: 'config',
    env: 'DRAY_CONFIG',
    type: pathType('FILE'),
    default: undefined,
    summary:
      'configuration file; default: the nearest .dray.yml or package.json#dray up to the root of the repository',
  },
  jobSummary: {
    flag: 'summary',
    env: 'DRAY_SUMMARY',
    configKey: 'summary',
    type: booleanType,
    default: true,
    defaultText: 'true',
    summary: 'add the result to the summary of the CI job, if the CI system has one',
  },
  json: {
    flag: 'json',
    env: 'DRAY_JSON',
    configKey: 'json',
    type: booleanType,
    default: false,
    summary: 'print one JSON object on stdout',
  },
  verbose: {
    flag: 'verbose',
    env: 'DRAY_VERBOSE',
    configKey: 'verbose',
    type: booleanType,
    default: false,
    summary: 'print the origin of each setting, and the causes of errors',
  },
};

/** In the order of the table. */
export const optionKeys: readonly OptionKey[] = Object.keys(optionTable).filter(isOptionKey);

/** The options of every command. */
export const commonOptions: readonly OptionKey[] = ['json', 'configFile', 'verbose'];

function isOptionKey(key: string): key is OptionKey {
  return key in optionTable;
}
