import { afterEach, describe, expect, test } from '@jest/globals';
import { parseReference } from '@drayage/core';
import { startFixture, type Fixture, type FixtureOptions } from './testing/fixture.ts';

describe('the tags of a repository', () => {
  let fixture: Fixture | undefined;
  const start = async (options: FixtureOptions = {}): Promise<Fixture> => {
    fixture = await startFixture(options);
    const { registry, layer } = fixture;
    registry.addManifest('org/app', ['c', 'a', 'b', '1.0', 'v2'], { schemaVersion: 2, layers: [layer] });
    return fixture;
  };
  afterEach(() => fixture?.close());

  const list = async ({ source, registry }: Fixture, signal?: AbortSignal): Promise<readonly string[]> => {
    const tags: string[] = [];
    for await (const tag of source.listTags(parseReference(`${registry.host}/org/app`), signal))
      tags.push(tag);
    return tags;
  };
  const pages = ({ registry }: Fixture): number => registry.log.filter(({ kind }) => kind === 'tags').length;
  const link = (target: string): { link: string } => ({ link: `<${target}>; rel="next"` });

  test('come from as many pages as there are', async () => {
    const started = await start({ tagsPerPage: 2, auth: { kind: 'bearer' } });
    await expect(list(started)).resolves.toEqual(['1.0', 'a', 'b', 'c', 'v2']);
    expect(pages(started)).toBe(3);
  });

  test('are asked for only as far as they are wanted', async () => {
    const started = await start({ tagsPerPage: 2 });
    for await (const tag of started.source.listTags(parseReference(`${started.registry.host}/org/app`))) {
      if (tag === 'a') break;
    }
    expect(pages(started)).toBe(1);
  });

  test('may come with absolute links to the same origin', async () => {
    const started = await start();
    const { registry } = started;
    const next = `http://${registry.host}/v2/org/app/tags/list?last=c`;
    registry.inject({ kind: 'tags', times: 1, effect: { kind: 'headers', headers: link(next) } });
    await expect(list(started)).resolves.toEqual(['1.0', 'a', 'b', 'c', 'v2', 'v2']);
  });

  test.each([
    ['another origin', 'http://127.0.0.1:1/v2/org/app/tags/list'],
    ['another origin, without a scheme', '//127.0.0.1:1/v2/org/app/tags/list'],
    ['nowhere', 'http://:x'],
  ])('are not looked for at %s, and no credential goes there', async (_, target) => {
    const started = await start({
      auth: { kind: 'basic', username: 'u', password: 'planted' },
      credential: { kind: 'basic', username: 'u', password: 'planted' },
    });
    started.registry.inject({ kind: 'tags', effect: { kind: 'headers', headers: link(target) } });
    await expect(list(started)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    expect(pages(started)).toBe(1);
  });

  test('that go round in circles are an error', async () => {
    const started = await start();
    const headers = link('/v2/org/app/tags/list?last=a');
    started.registry.inject({ kind: 'tags', effect: { kind: 'headers', headers } });
    await expect(list(started)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    expect(pages(started)).toBe(2);
  });

  test('are empty if the registry sends null', async () => {
    const started = await start();
    started.registry.inject({
      kind: 'tags',
      effect: { kind: 'status', status: 200, body: '{"tags": null}' },
    });
    await expect(list(started)).resolves.toEqual([]);
  });

  test.each(['', '[]', '{"tags": {}}', '<html>'])('are no tags in %j', async (body) => {
    const started = await start();
    started.registry.inject({ kind: 'tags', effect: { kind: 'status', status: 200, body } });
    await expect(list(started)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  test('that no reference could name are left out', async () => {
    const started = await start();
    const body = JSON.stringify({ tags: ['ok', '../x', 5, '-a', 'a b', '\u001b[31m'] });
    started.registry.inject({ kind: 'tags', effect: { kind: 'status', status: 200, body } });
    await expect(list(started)).resolves.toEqual(['ok']);
  });

  test('of a repository that is not there are an error', async () => {
    const { source, registry } = await start();
    const tags = source.listTags(parseReference(`${registry.host}/gone`));
    await expect(tags[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  });

  test('are asked for again when a page fails for a moment', async () => {
    const started = await start({ tagsPerPage: 2 });
    started.registry.inject({ kind: 'tags', times: 2, effect: { kind: 'status', status: 503 } });
    await expect(list(started)).resolves.toHaveLength(5);
  });

  test('are not asked for once the caller has given up', async () => {
    const started = await start();
    await expect(list(started, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
