import type { ImageStoreKind } from '@drayage/core';
import type { MountReach } from '@drayage/core/bundle';
import type { LayerContent } from '@drayage/mount';
import type { StorageWish } from '@drayage/private-engine';
import type { EngineSettings } from './engine-settings.ts';
import type { OptionTable } from './option.ts';
import { sizeType } from './size-type.ts';
import { booleanType, choiceType, pathType, textListType, textType } from './value-types.ts';

const reaches: readonly MountReach[] = ['auto', 'local', 'api'];
const mountContents: readonly LayerContent[] = ['none', 'blobs'];
const imageStores: readonly ImageStoreKind[] = ['classic', 'containerd'];
const storageWishes: readonly StorageWish[] = [
  'auto',
  'overlay2',
  'loop-ext4',
  'tmpfs',
  'fuse-overlayfs',
  'vfs',
];

/** The options for private engines and mounting. */
export const engineOptions: Pick<OptionTable, keyof EngineSettings> = {
  dataRoot: {
    flag: 'data-root',
    env: 'DRAY_DATA_ROOT',
    configKey: 'dataRoot',
    type: pathType('DIR'),
    default: '/var/lib/drayage',
    summary: 'directory of the private engine; do not use it for anything else',
  },
  dockerd: {
    flag: 'dockerd',
    env: 'DRAY_DOCKERD',
    configKey: 'dockerd',
    type: textType('PROGRAM'),
    default: undefined,
    summary: 'dockerd program of the private engine; default: dockerd on the PATH',
  },
  imageStore: {
    flag: 'image-store',
    env: 'DRAY_IMAGE_STORE',
    configKey: 'imageStore',
    type: choiceType(imageStores),
    default: undefined,
    summary: 'image store of the private engine; default: that of the existing data-root, or else classic',
  },
  storage: {
    flag: 'storage',
    env: 'DRAY_STORAGE',
    configKey: 'storage',
    type: choiceType(storageWishes),
    default: 'auto',
    summary: 'how the private engine stores layers: auto chooses the best that works at the data-root',
  },
  storageSizeBytes: {
    flag: 'storage-size',
    env: 'DRAY_STORAGE_SIZE',
    configKey: 'storageSize',
    type: sizeType,
    default: undefined,
    summary: 'maximum size of a loop-ext4 or tmpfs, such as 20GB; default: 80 % of the free space',
  },
  bridge: {
    flag: 'bridge',
    env: 'DRAY_BRIDGE',
    configKey: 'bridge',
    type: textType('auto|none|NAME'),
    default: 'auto',
    summary:
      'network bridge of the private engine: auto uses docker0 if it is free, or else a new bridge; none; or a name, which is created if it does not exist',
  },
  registryMirrors: {
    flag: 'registry-mirror',
    env: 'DRAY_REGISTRY_MIRROR',
    configKey: 'registryMirrors',
    type: textListType('URL'),
    default: [],
    summary: 'mirror of Docker Hub for the private engine; may be repeated',
  },
  exportFile: {
    flag: 'export',
    env: 'DRAY_EXPORT',
    configKey: 'export',
    type: { ...pathType('FILE'), words: ['auto'], bare: 'auto' },
    default: undefined,
    summary:
      'file to append DOCKER_HOST to: as NAME=value if it is $GITHUB_ENV or is named .env, .env.* or *.env, else as an export command, as for $BASH_ENV; without FILE, or auto: where the CI system reads variables for later steps',
  },
  reach: {
    flag: 'reach',
    env: 'DRAY_REACH',
    configKey: 'reach',
    type: choiceType(reaches),
    default: 'auto',
    summary:
      'how to mount packs into a running engine, or one beside it: local, as root on its machine; api, with a helper container through the Docker API; auto tries both',
  },
  mountContent: {
    flag: 'mount-content',
    env: 'DRAY_MOUNT_CONTENT',
    configKey: 'mountContent',
    type: choiceType(mountContents),
    default: 'none',
    summary:
      'content that a running engine gets in addition to mounted layers: none, or blobs: the compressed layers that docker save and push need (requires a bundle made with --form both)',
  },
  purge: {
    flag: 'purge',
    env: 'DRAY_PURGE',
    type: booleanType,
    default: false,
    summary: 'also remove the data-root with all its contents',
  },
};
