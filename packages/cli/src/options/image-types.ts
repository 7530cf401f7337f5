import { parseReference } from '@drayage/core';
import type { Condition } from '../conditions/conditions.ts';
import type { Setting, SettingMap, SettingText } from './setting.ts';
import type { ImageRequest, PlacedText } from './option.ts';
import type { OptionType } from './option-type.ts';
import { checkMembers, invalidSetting, readFlag, readParsed, readText, readTexts } from './read-setting.ts';

// A space before <, > or | belongs to a version range; ${…} is never split.
const imagePattern = /(?:\$\{(?:[^{}]|\{[^{}]*\})*\}|[\s,]+(?=[<>=|])|[^\s,])+/g;

const entryMembers = ['image', 'tags', 'as', 'optional', 'prerelease', 'only', 'except'];

/**
 * Images, each with all its properties. White space or commas separate texts; variables are not expanded yet.
 */
export const imageRequestsType: OptionType<readonly ImageRequest[]> = {
  kind: 'list',
  placeholder: 'IMAGE',
  parse: (text) => splitImages({ kind: 'text', place: '', text }).map(plainRequest),
  read: (setting) => (setting.kind === 'list' ? setting.items : [setting]).flatMap(readRequests),
};

/**
 * References of images in a bundle.
 * @throws InvalidReferenceError `REFERENCE_INVALID`, unless the text has variables
 */
export const imageNamesType: OptionType<readonly PlacedText[]> = {
  kind: 'list',
  placeholder: 'IMAGE',
  parse: (text) => readNames({ kind: 'text', place: '', text }),
  read: (setting) => readTexts(setting).flatMap(readNames),
};

/** A list of globs for branches, or a map of globs for branches, tags and events. */
export const conditionType: OptionType<Condition> = {
  kind: 'list',
  placeholder: 'GLOB',
  parse: (text) => ({ branches: words(text) }),
  read: readCondition,
};

function readRequests(setting: Setting): readonly ImageRequest[] {
  if (setting.kind === 'text') return splitImages(setting).map(plainRequest);
  if (setting.kind === 'map') return [readEntry(setting)];
  throw invalidSetting(setting, 'expected an image, got a list');
}

function readEntry(map: SettingMap): ImageRequest {
  checkMembers(map, entryMembers);
  const { members } = map;
  const image = members.get('image');
  if (image === undefined) {
    throw invalidSetting(map, 'the image is missing', {
      hint: 'Write "image: NAME" in it.',
    });
  }
  const [only, except] = [members.get('only'), members.get('except')];
  return {
    image: readText(image),
    tags: texts(members.get('tags')),
    as: texts(members.get('as')),
    optional: readFlag(map, 'optional'),
    prerelease: readFlag(map, 'prerelease'),
    ...(only === undefined ? {} : { only: readCondition(only) }),
    ...(except === undefined ? {} : { except: readCondition(except) }),
  };
}

function readCondition(setting: Setting): Condition {
  if (setting.kind !== 'map') return { branches: globs(setting) };
  checkMembers(setting, ['branches', 'tags', 'events']);
  const { members } = setting;
  const [branches, tags, events] = ['branches', 'tags', 'events'].map((name) => members.get(name));
  return {
    ...(branches === undefined ? {} : { branches: globs(branches) }),
    ...(tags === undefined ? {} : { tags: globs(tags) }),
    ...(events === undefined ? {} : { events: globs(events) }),
  };
}

function globs(setting: Setting): readonly string[] {
  return readTexts(setting).flatMap(({ text }) => words(text));
}

function readNames(setting: SettingText): readonly PlacedText[] {
  const names = splitImages(setting);
  for (const { text } of names) {
    if (!text.includes('${')) readParsed({ ...setting, text }, parseReference);
  }
  return names;
}

function plainRequest(image: PlacedText): ImageRequest {
  return { image, tags: [], as: [], optional: false, prerelease: false };
}

function splitImages({ text, place }: SettingText): readonly PlacedText[] {
  return (text.match(imagePattern) ?? []).map((image) => ({ place, text: image.trim() }));
}

function texts(setting: Setting | undefined): readonly PlacedText[] {
  return setting === undefined ? [] : readTexts(setting);
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
