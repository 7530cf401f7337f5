import { describe, expect, test } from '@jest/globals';
import type { OptionKey } from '../options/option.ts';
import type { ConfigFile } from './parse-config-file.ts';
import { resolveConfig, type ConfigSources, type GivenOption } from './resolve-config.ts';
import type { Setting } from '../options/setting.ts';

function resolve(sources: Partial<ConfigSources>): ReturnType<typeof resolveConfig> {
  return resolveConfig({ given: new Map(), env: {}, file: undefined, cwd: '/repo/app', ...sources });
}

function given(key: OptionKey, ...texts: string[]): ReadonlyMap<OptionKey, GivenOption> {
  return new Map([[key, { place: `--${key}`, texts }]]);
}

function fileWith(key: string, ...texts: string[]): ConfigFile {
  const place = `.dray.yml:1: ${key}`;
  const items = texts.map((text) => ({ kind: 'text', place, text }) as const);
  return fileOf(
    key,
    items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'list', place, items },
  );
}

function fileOf(key: string, setting: Setting): ConfigFile {
  return { path: '/repo/.dray.yml', dir: '/repo', entries: new Map([[key, setting]]) };
}

describe('settings', () => {
  test('have defaults', () => {
    const { config, origins } = resolve({});
    expect(config).toMatchObject({
      bundle: '.dray/bundle',
      concurrency: 6,
      timeoutMs: 600_000,
      graceMs: 60_000,
      delivery: 'auto',
      onMiss: 'continue',
      settled: false,
      strict: false,
      images: [],
    });
    expect(origins.size).toBe(0);
  });

  test('come from the command line before DRAY_ before the file', () => {
    const [env, file] = [{ DRAY_TIMEOUT: '2m' }, fileWith('timeout', '3m')];
    const all = resolve({ given: given('timeoutMs', '1m'), env, file });
    expect([all.config.timeoutMs, all.origins.get('timeoutMs')]).toEqual([60_000, '--timeoutMs']);
    const without = resolve({ env, file });
    expect([without.config.timeoutMs, without.origins.get('timeoutMs')]).toEqual([120_000, 'DRAY_TIMEOUT']);
    const last = resolve({ file });
    expect([last.config.timeoutMs, last.origins.get('timeoutMs')]).toEqual([180_000, '.dray.yml:1: timeout']);
  });

  test('can be JSON lists in variables; empty lists set nothing', () => {
    const env = {
      DRAY_IMAGES: '["redis:7", "postgres:17"]',
      DRAY_PREPARE: '["echo a, b\\necho c"]',
      DRAY_INSECURE_REGISTRY: '["a:1","b:2"]',
      DRAY_ONLY: '[]',
    };
    const { config } = resolve({ env, file: fileWith('loadOnly', 'redis:7') });
    expect(config.images.map(({ image }) => image)).toEqual([
      { place: 'DRAY_IMAGES', text: 'redis:7' },
      { place: 'DRAY_IMAGES', text: 'postgres:17' },
    ]);
    expect(config.prepare.map(({ run }) => run)).toEqual(['echo a, b\necho c']);
    expect(config.insecureRegistries).toEqual(['a:1', 'b:2']);
    expect(config.only.map(({ text }) => text)).toEqual(['redis:7']);
    expect(() => resolve({ env: { DRAY_ONLY: '["Redis:7"]' } })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('DRAY_ONLY') }),
    );
  });

  test('take the name of the pipeline from the CI system, unless it is set', () => {
    const env = { CI_PIPELINE_ID: '77' };
    expect(resolve({ env }).config.pipeline).toBe('77');
    expect(resolve({ env, file: fileWith('pipeline', 'mine') }).config.pipeline).toBe('mine');
    expect(resolve({ env: { ...env, DRAY_PIPELINE: 'ours' } }).config.pipeline).toBe('ours');
  });

  test('are not set by an empty variable', () => {
    expect(resolve({ env: { DRAY_TIMEOUT: '', DRAY_HANDOVER: ' ' } }).config).toMatchObject({
      timeoutMs: 600_000,
      handover: undefined,
    });
  });

  test('are joined where an option that takes a list is given more than once', () => {
    const { config } = resolve({ given: given('only', 'redis:7', 'a,b') });
    expect(config.only.map(({ text }) => text)).toEqual(['redis:7', 'a', 'b']);
  });

  test('count as given last where an option takes one value', () => {
    expect(resolve({ given: given('concurrency', '2', '3') }).config.concurrency).toBe(3);
  });

  test('in a file are relative to the file', () => {
    const bundle = (path: string): string => resolve({ file: fileWith('bundle', path) }).config.bundle;
    expect([bundle('out'), bundle('/abs'), bundle('.')]).toEqual(['../out', '/abs', '..']);
    expect(resolve({ file: fileWith('handover', 's3://bucket/x') }).config.handover).toBe('s3://bucket/x');
    expect(resolve({ env: { DRAY_BUNDLE: 'out' } }).config.bundle).toBe('out');
  });

  test.each([
    [{ given: given('concurrency', 'x') }, 'USAGE', '--concurrency'],
    [{ env: { DRAY_CONCURRENCY: '99' } }, 'CONFIG_INVALID', 'DRAY_CONCURRENCY'],
    [{ file: fileWith('concurrency', '0') }, 'CONFIG_INVALID', '.dray.yml:1: concurrency'],
    [{ file: fileWith('timeout', '1m', '2m') }, 'CONFIG_INVALID', '.dray.yml:1: timeout'],
    [{ env: { DRAY_ONLY: 'Redis' } }, 'REFERENCE_INVALID', 'DRAY_ONLY'],
    [{ env: { DRAY_PLATFORM: 'amd64' } }, 'PLATFORM_INVALID', 'DRAY_PLATFORM'],
  ])('that are invalid cause an error with their place: %j', (sources, code, place) => {
    expect(() => resolve(sources)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`${place}: `) }),
    );
  });

  test('are checked even if another source overrides them', () => {
    expect(() => resolve({ given: given('timeoutMs', '1m'), env: { DRAY_TIMEOUT: 'x' } })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
