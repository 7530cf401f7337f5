import type { BundleForm } from '@drayage/core';
import type { PackFilesystem } from '@drayage/core/bundle';
import type { OptionTable } from './option.ts';
import { booleanType, choiceType } from './value-types.ts';

const bundleForms: readonly BundleForm[] = ['layers', 'packs', 'both'];
const packFormats: readonly PackFilesystem[] = ['squashfs', 'erofs'];

/** The options for making packs. */
export const packOptions: Pick<OptionTable, 'form' | 'packFormat' | 'repack'> = {
  form: {
    flag: 'form',
    env: 'DRAY_FORM',
    configKey: 'form',
    type: choiceType(bundleForms),
    default: 'layers',
    summary: 'content of the bundle: layers to load, packs to mount, or both',
  },
  packFormat: {
    flag: 'pack-format',
    env: 'DRAY_PACK_FORMAT',
    configKey: 'packFormat',
    type: choiceType(packFormats),
    default: 'squashfs',
    summary: 'file system of packs; erofs keeps fractions of a second in timestamps, but makes larger packs',
  },
  repack: {
    flag: 'repack',
    env: 'DRAY_REPACK',
    configKey: 'repack',
    type: booleanType,
    default: false,
    summary: 'replace the packs of earlier runs with one new pack of everything',
  },
};
