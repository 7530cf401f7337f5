import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { sampleDefinitions } from '../testing/templates/definitions.ts';
import { expandPipeline } from '../testing/templates/expand.ts';
import { InputError, interpolate } from '../testing/templates/interpolate.ts';
import { isRecord, parseHeader, splitTemplate } from '../testing/templates/template-parts.ts';
import { inputGroups } from './inputs.ts';
import { renderGitlabTemplates } from './render-templates.ts';

let template = '';
let files: ReadonlyMap<string, string> = new Map();
let validate: ValidateFunction | undefined;

/** Of GitLab, kept out of this repository: a folder that holds gitlab-ci.schema.json. */
const schemas = process.env['DRAYAGE_SCHEMAS'];
if (schemas === undefined)
  console.warn("cannot test against GitLab's schema: DRAYAGE_SCHEMAS names no folder");
const withSchema = schemas === undefined ? test.skip : test;

beforeAll(async () => {
  files = await renderGitlabTemplates(sampleDefinitions);
  template = files.get('prepull.yml') ?? '';
  if (schemas === undefined) return;
  const schema: unknown = JSON.parse(await readFile(join(schemas, 'gitlab-ci.schema.json'), 'utf8'));
  if (!isRecord(schema)) throw new Error('there is no schema');
  validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
});

function jobs(inputs: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return expandPipeline(interpolate(template, inputs));
}

function job(
  name: string,
  inputs: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const found = jobs(inputs)[name];
  if (!isRecord(found)) throw new Error(`there is no job ${name}`);
  return found;
}

function variable(found: Readonly<Record<string, unknown>>, name: string): unknown {
  const variables = found['variables'];
  return isRecord(variables) ? variables[name] : undefined;
}

function violations(pipeline: unknown): unknown {
  if (validate === undefined) throw new Error('there is no schema');
  return validate(pipeline) ? [] : validate.errors;
}

describe('the template', () => {
  withSchema.each([
    {},
    { artifacts: true, strict: true, frozen: true },
    { images: ['a', "b'"], stage: 'build' },
  ])("satisfies GitLab's schema with inputs %j", (inputs) => {
    expect(violations(jobs(inputs))).toEqual([]);
  });

  withSchema("has a header that satisfies GitLab's schema", () => {
    const { header } = splitTemplate(template);
    expect(violations(expandPipeline(header))).toEqual([]);
  });

  test('describes every input', () => {
    const { header } = splitTemplate(template);
    for (const [, { description }] of parseHeader(header)) {
      expect(description).not.toBe('');
      expect(description.length).toBeLessThanOrEqual(1024);
    }
  });

  test('is one job and hidden ones: nothing that would change the jobs of others', () => {
    expect(Object.keys(jobs()).filter((name) => !name.startsWith('.'))).toEqual(['drayage:prepull']);
  });

  test('can be included twice', () => {
    const names = Object.keys(jobs({ job_name: 'other', job_prefix: '.other' }));
    expect(names.filter((name) => name in jobs())).toEqual([]);
  });

  test('is the same for a component', () => {
    expect(files.get('templates/prepull/template.yml')).toBe(template);
  });
});

describe('the pre-pull job', () => {
  test('never holds up or fails a pipeline', () => {
    expect(job('drayage:prepull')).toMatchObject({
      needs: [],
      allow_failure: true,
      interruptible: true,
      timeout: '30 minutes',
      stage: 'test',
    });
    expect(job('drayage:prepull')).not.toHaveProperty('when');
    expect(job('drayage:prepull')).not.toHaveProperty('rules');
  });

  test("takes over nothing of the user's defaults but the tags", () => {
    expect(job('drayage:prepull')).toMatchObject({ inherit: { default: ['tags'] } });
  });

  test('hands over as artifacts where that is asked for', () => {
    expect(job('drayage:prepull')).not.toHaveProperty('artifacts');
    const found = job('drayage:prepull', { artifacts: true, artifacts_expire_in: '3 hours' });
    expect(found).toMatchObject({ artifacts: { when: 'always', expire_in: '3 hours' } });
    expect(variable(found, 'DRAY_HANDOVER')).toBeUndefined();
    const load = job('.drayage:load', { artifacts: true });
    expect(variable(load, 'DRAY_BUNDLE')).toBe(variable(found, 'DRAY_BUNDLE'));
    expect(variable(load, 'DRAY_SETTLED')).toBe('true');
  });

  test('is a program that is there or is installed, then a pre-pull', () => {
    expect(job('drayage:prepull')['script']).toEqual([
      expect.stringContaining('echo installed'),
      expect.stringContaining('dray prepull'),
    ]);
  });
});

describe('inputs', () => {
  test('become variables, lists as unexpanded JSON that no value can break out of', () => {
    const images = ['a:1', 'it\'s "b":${TAG|slug}', 'x\n  evil: true'];
    const found = job('drayage:prepull', { images, handover: '/mnt/$CI_PIPELINE_ID' });
    const raw = variable(found, 'DRAY_IMAGES');
    expect(raw).toMatchObject({ expand: false });
    const text = isRecord(raw) ? String(raw['value']) : '';
    expect(JSON.parse(text)).toEqual(images);
    expect(variable(found, 'DRAY_HANDOVER')).toBe('/mnt/$CI_PIPELINE_ID');
  });

  test('that are left out set nothing', () => {
    const load = job('.drayage:load');
    expect(variable(load, 'DRAY_DELIVERY')).toBe('');
    expect(variable(load, 'DRAY_TIMEOUTMS')).toBe('');
    expect(variable(load, 'DRAY_STRICT')).toBeUndefined();
    expect(variable(job('.drayage:load', { strict: true }), 'DRAY_STRICT')).toBe('true');
    expect(variable(load, 'DRAY_REQUIRESIGNATURE')).toBeUndefined();
    const strict = job('.drayage:load', { require_signature: true });
    expect(variable(strict, 'DRAY_REQUIRESIGNATURE')).toBe('true');
    expect(variable(job('drayage:prepull', { sign: true }), 'DRAY_SIGN')).toBe('true');
  });

  test('tell the jobs that wait which job they wait for', () => {
    expect(variable(job('.drayage:load:dind', { job_name: 'mine' }), 'DRAY_PREPULLJOB')).toBe('mine');
  });

  test.each([
    ['unknown', { imges: ['a'] }],
    ['type', { images: 'redis:7' }],
    ['type', { artifacts: 'yes' }],
    ['option', { delivery: 'teleport' }],
    ['regex', { timeout: '10 minutes' }],
    ['regex', { job_timeout: '10' }],
    ['regex', { stage: 'a"\nevil: {}' }],
    ['regex', { stage: '' }],
    ['regex', { handover: 'a\\' }],
    ['regex', { job_name: '.hidden' }],
    ['regex', { job_prefix: 'visible' }],
    ['regex', { install_checksums: 'drayage.tgz=abc' }],
  ])('are refused when the pipeline is created: %s', (mistake, inputs) => {
    const [input] = Object.keys(inputs);
    expect(() => jobs(inputs)).toThrow(expect.objectContaining({ mistake, input }));
    expect(() => jobs(inputs)).toThrow(InputError);
  });

  test('have defaults that they would accept', () => {
    expect(() => jobs()).not.toThrow();
  });
});

describe('the README', () => {
  test('has a row for each input, and no other place is left to fill', () => {
    const readme = files.get('README.md') ?? '';
    for (const { inputs } of inputGroups(sampleDefinitions)) {
      for (const { name } of inputs) expect(readme).toContain(`| \`${name}\` |`);
    }
    expect(readme).not.toMatch(/@VERSION@|<!-- inputs/);
    expect(readme).toContain('prepull@1.2.3');
  });

  test('names hidden jobs and inputs that there are', () => {
    const readme = files.get('README.md') ?? '';
    const names = new Set([...readme.matchAll(/\.drayage:[a-z:-]*[a-z]/g)].map(([name]) => name));
    for (const name of names) expect(jobs()).toHaveProperty([name]);
    expect(names.size).toBeGreaterThan(4);
  });
});

describe('the component project', () => {
  withSchema("has a pipeline that satisfies GitLab's schema", () => {
    const pipeline = files.get('.gitlab-ci.yml') ?? '';
    const { include, ...own } = expandable(pipeline);
    expect(include).toHaveLength(2);
    const second = jobs({ job_prefix: '.second', job_name: 'second:prepull', artifacts: true });
    expect(violations({ ...jobs(), ...second, ...own })).toEqual([]);
  });

  test('says in each rendered file where it comes from', () => {
    for (const [path, text] of files) {
      if (path !== 'LICENSE') expect(text.split('\n')[0]).toContain('npm run render');
    }
  });
});

/** The pipeline of the project together with what it includes, as references go into that. */
function expandable(pipeline: string): Readonly<Record<string, unknown>> {
  const included = [
    interpolate(template, {}),
    interpolate(template, { job_prefix: '.second', job_name: 'second:prepull', artifacts: true }),
  ];
  return expandPipeline([pipeline, ...included].join('\n'));
}
