import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RenderedFiles } from '@drayage/core/pipeline';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { YamlMap, YamlValue } from '../orb/model.ts';
import { drayageOrb, repositoryUrl } from '../orb/orb.ts';
import { toYamlMap } from '../pack/yaml-map.ts';
import { reviewOrb } from '../testing/review/review-orb.ts';
import { checkOrb } from '../testing/expander/check-orb.ts';
import { expandConfig } from '../testing/expander/expand-config.ts';
import { sampleDefinitions } from '../testing/sample-definitions.ts';
import { renderOrb } from './render-orb.ts';

const definitions = sampleDefinitions();
const orb = drayageOrb(definitions);
const components = Object.entries({ ...orb.commands, 'prepull job': orb.jobs['prepull'] }).flatMap(
  ([name, component]) => (component === undefined ? [] : [[name, component] as const]),
);
const exampleNames = Object.keys(orb.examples);

/** Of CircleCI, kept out of this repository: a folder that holds circleci-config.schema.json. */
const schemas = process.env['DRAYAGE_SCHEMAS'];
if (schemas === undefined)
  console.warn("cannot test against CircleCI's schema: DRAYAGE_SCHEMAS names no folder");
const withSchema = schemas === undefined ? it.skip : it;

let files: RenderedFiles;
let packed: string;

beforeAll(async () => {
  files = await renderOrb(definitions);
  packed = files.get('drayage/orb.yml') ?? '';
});

function sources(): RenderedFiles {
  const prefix = 'drayage/src/';
  const inside = [...files].filter(([path]) => path.startsWith(prefix));
  return new Map(inside.map(([path, text]) => [path.slice(prefix.length), text]));
}

function usageOf(example: string): YamlValue | undefined {
  return mapOf(files.get(`drayage/src/examples/${example}.yml`) ?? '')['usage'];
}

function mapOf(text: string): YamlMap {
  const value: unknown = parse(text);
  return toYamlMap(value) ?? {};
}

describe('the rendered orb', () => {
  it('says on the first line of every file where it is from', () => {
    const lines = [...files.values()].map((text) => text.split('\n')[0]);
    expect(new Set(lines)).toEqual(
      new Set([
        '# generated - edit packages/circleci, run npm run render',
        '<!-- generated - edit packages/circleci, run npm run render -->',
      ]),
    );
  });

  it('is the same each time', async () => {
    expect(await renderOrb(sampleDefinitions())).toEqual(files);
  });

  it('keeps the rules of a review', () => {
    const options = { orb: 'drayage/drayage', version: definitions.version, repositoryUrl };
    expect(reviewOrb(sources(), options)).toEqual([]);
  });

  it('has nothing undefined in any branch', () => {
    expect(checkOrb(mapOf(packed))).toEqual([]);
  });

  it('is packed with its scripts, and nothing is left to include', () => {
    expect(packed).not.toContain('include(');
    expect(packed).toContain('installed to $DRAY_INSTALL_DIR');
  });

  it('installs the version of the definitions, and what their checksums allow', () => {
    const parameters = drayageOrb(definitions).commands['install']?.parameters;
    expect(parameters?.['dray_version']?.default).toBe('1.2.3');
    expect(parameters?.['install_checksums']?.default).toBe(`drayage-1.2.3.tgz=${'a'.repeat(64)}`);
  });

  it.each(exampleNames)('can be used as in the example %s', (name) => {
    const expanded = expandConfig(JSON.stringify(usageOf(name)), {
      orbs: { 'drayage/drayage@1': mapOf(packed) },
    });
    expect(expanded.workflows.get('main')?.jobs.length).toBeGreaterThan(0);
  });

  withSchema('is valid by the schema of CircleCI, and so are its examples', async () => {
    const text = await readFile(join(schemas ?? '', 'circleci-config.schema.json'), 'utf8');
    const schema: unknown = JSON.parse(text);
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(typeof schema === 'object' && schema !== null ? schema : false);
    // CircleCI takes a parameter there, as many orbs have it; its schema does not know that.
    const orbText = packed.replaceAll('<< parameters.no_output_timeout >>', '30m');
    for (const document of [mapOf(orbText), ...exampleNames.map(usageOf)]) {
      validate(document);
      expect(validate.errors ?? []).toEqual([]);
    }
  });
});

describe.each(components)('%s', (_, { parameters, ...component }) => {
  const text = JSON.stringify(component);

  it('uses every parameter that it has', () => {
    const unused = Object.keys(parameters).filter((name) => !text.includes(`<< parameters.${name} >>`));
    expect(unused).toEqual([]);
  });

  it('has parameters with names that CircleCI does not keep for itself, a default and a whole sentence each', () => {
    const reserved = ['name', 'requires', 'context', 'type', 'filters', 'matrix'];
    for (const [name, parameter] of Object.entries(parameters)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(reserved).not.toContain(name);
      expect(parameter.description).toMatch(/^[A-Z0-9].*\.$/s);
      expect(parameter.default).toBeDefined();
      if (parameter.enum !== undefined) expect(parameter.enum).toContain(parameter.default);
    }
  });
});

describe('the rendered text for users', () => {
  it('shows only whole configurations that work', () => {
    const blocks = [...(files.get('README.md') ?? '').matchAll(/^```yaml\n(.*?)^```/gms)].map(
      ([, text = '']) => text,
    );
    const whole = blocks.filter((text) => text.startsWith('version: 2.1'));
    expect(whole.length).toBeGreaterThan(1);
    for (const text of whole) {
      const expanded = expandConfig(text, { orbs: { 'drayage/drayage@1': mapOf(packed) } });
      expect(expanded.workflows.get('main')?.jobs.length).toBeGreaterThan(0);
    }
  });

  it('has every parameter of every command, job and executor, and nothing left open', () => {
    const readme = files.get('README.md') ?? '';
    const all = [...components.map(([, component]) => component), ...Object.values(orb.executors)];
    const missing = all
      .flatMap(({ parameters }) => Object.keys(parameters))
      .filter((name) => !readme.includes(`| \`${name}\` `));
    expect(missing).toEqual([]);
    expect(readme).not.toMatch(/%[a-zA-Z]+%|<!-- (parameters|example) /);
  });
});
