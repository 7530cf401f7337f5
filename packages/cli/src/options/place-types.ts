import type { Setting } from './setting.ts';
import type { PlacedText } from './option.ts';
import type { OptionType } from './option-type.ts';
import { readTexts } from './read-setting.ts';
import { textListType } from './value-types.ts';

// The kinds of file that can prefix a path, as in packages/discovery. Relocating a path keeps its prefix.
const kindPattern = /^(?:compose|dockerfile|gitlab|circleci|kubernetes):/;

/**
 * Paths of files, each optionally prefixed with its kind. White space or commas separate paths in a variable.
 */
export const fileListType: OptionType<readonly string[]> = {
  ...textListType('FILE'),
  isPath: true,
  read(setting, { relocate }) {
    const paths = setting.kind === 'text' ? words(setting.text) : readTexts(setting).map(({ text }) => text);
    return paths.filter((path) => path.trim() !== '').map((path) => relocateFile(path, relocate));
  },
};

/** Mirrors as `REGISTRY=URL`; a file can also map each registry to a URL or a list of URLs. */
export const mirrorsType: OptionType<readonly PlacedText[]> = {
  kind: 'list',
  placeholder: 'REGISTRY=URL',
  parse: (text) => words(text).map((mirror) => ({ place: '', text: mirror })),
  read: readMirrors,
};

function readMirrors(setting: Setting): readonly PlacedText[] {
  if (setting.kind !== 'map') {
    return readTexts(setting).flatMap(({ place, text }) =>
      words(text).map((mirror) => ({ place, text: mirror })),
    );
  }
  return [...setting.members].flatMap(([registry, urls]) =>
    readTexts(urls).map(({ place, text }) => ({ place, text: `${registry}=${text}` })),
  );
}

function relocateFile(text: string, relocate: (path: string) => string): string {
  const kind = kindPattern.exec(text)?.[0] ?? '';
  return `${kind}${relocate(text.slice(kind.length))}`;
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
