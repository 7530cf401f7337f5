import { describe, expect, test } from '@jest/globals';
import { variableSetting } from './variable-setting.ts';

function texts(text: string): readonly string[] | undefined {
  const setting = variableSetting('DRAY_IMAGES', text, 'list');
  if (setting?.kind !== 'list') return undefined;
  return setting.items.flatMap((item) => (item.kind === 'text' ? [item.text] : []));
}

describe('a list in a variable', () => {
  test('may be written as JSON', () => {
    expect(texts('["redis:7", "app:${TAG:-a b}"]\n')).toEqual(['redis:7', 'app:${TAG:-a b}']);
    expect(texts(String.raw`["echo \"a\"\nb \u0026\u0026 c", " "]`)).toEqual(['echo "a"\nb && c']);
  });

  test('says nothing when it is empty', () => {
    expect(variableSetting('DRAY_IMAGES', '[]', 'list')).toBeUndefined();
    expect(variableSetting('DRAY_IMAGES', ' [ "" ]\n', 'list')).toBeUndefined();
    expect(variableSetting('DRAY_IMAGES', ' \n', 'list')).toBeUndefined();
  });

  test.each(['[ -f login.sh ] && ./login.sh', '["a"', '["a", 1]', '{"a": "b"}', 'redis:7'])(
    'is a text where it is something else: %s',
    (text) => {
      expect(variableSetting('DRAY_PREPARE', text, 'list')).toEqual({
        kind: 'text',
        place: 'DRAY_PREPARE',
        text,
      });
    },
  );

  test('is not accepted in other variables', () => {
    expect(variableSetting('DRAY_BUNDLE', '["a"]', 'string')?.kind).toBe('text');
  });
});
