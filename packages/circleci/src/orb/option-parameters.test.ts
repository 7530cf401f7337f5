import { describe, expect, it } from '@jest/globals';
import { pipelineOption } from '@drayage/core/pipeline';
import { sampleDefinitions } from '../testing/sample-definitions.ts';
import { optionParameters } from './option-parameters.ts';

const definitions = sampleDefinitions();

describe('optionParameters', () => {
  it('gives each kind of option the type that CircleCI has for it, and a default that says nothing', () => {
    const { parameters } = optionParameters(definitions, {
      delivery: 'delivery',
      concurrency: 'concurrency',
      strict: 'strict',
      images: 'images',
      timeout: 'timeoutMs',
    });
    expect(Object.entries(parameters).map(([name, p]) => [name, p.type, p.default])).toEqual([
      ['delivery', 'enum', 'default'],
      ['concurrency', 'integer', 0],
      ['strict', 'boolean', false],
      ['images', 'string', ''],
      ['timeout', 'string', ''],
    ]);
    expect(parameters['delivery']?.enum).toEqual([
      'default',
      'one',
      'packs',
      'engine',
      'load',
      'mount',
      'pull',
    ]);
  });

  it('hands each parameter over in the variable of its option', () => {
    const { environment } = optionParameters(definitions, { pack_format: 'packFormat', images: 'images' });
    expect(environment).toEqual({
      ORB_LEFT_OPEN: 'DRAY_PACK_FORMAT',
      DRAY_PACK_FORMAT: '<< parameters.pack_format >>',
      DRAY_IMAGES: '<< parameters.images >>',
    });
  });

  it('describes a parameter in the words of the option, as a sentence', () => {
    const { parameters } = optionParameters(definitions, { delivery: 'delivery', images: 'images' });
    expect(parameters['delivery']?.description).toBe(
      'What delivery is. Default: the value in the configuration file, or else one.',
    );
    expect(parameters['images']?.description).toBe('What images is.');
  });

  it('says how to separate several values, in place of the repeated option', () => {
    const images = pipelineOption(definitions, 'images');
    const prepare = pipelineOption(definitions, 'prepare');
    const { parameters } = optionParameters(
      {
        ...definitions,
        options: new Map([
          ['images', { ...images, summary: 'image to pull; may be repeated' }],
          ['prepare', { ...prepare, summary: 'command to run first; may be repeated' }],
        ]),
      },
      { images: 'images', prepare: 'prepare' },
    );
    expect(parameters['images']?.description).toBe(
      'Image to pull; several, separated by white space or commas.',
    );
    expect(parameters['prepare']?.description).toBe('Command to run first; several, one per line.');
  });

  it('takes other words where some are given', () => {
    const { parameters } = optionParameters(definitions, {
      only: { key: 'runOnly', description: 'Branches.' },
    });
    expect(parameters['only']?.description).toBe('Branches.');
  });

  it('refuses an option that the command line does not have', () => {
    expect(() => optionParameters(definitions, { none: 'noSuchOption' })).toThrow('noSuchOption');
  });
});
