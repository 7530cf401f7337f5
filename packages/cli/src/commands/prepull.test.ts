import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DrayError } from '@drayage/core';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

describe('a pre-pull', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  const dray = (argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
    runDray(argv, { cwd: directory.path, env });

  async function configure(text: string): Promise<void> {
    await writeFile(join(directory.path, '.dray.yml'), text);
  }

  async function status(): Promise<unknown> {
    return JSON.parse(await readFile(join(directory.path, '.dray/bundle/dray-status.json'), 'utf8'));
  }

  const fallbacks = (): string => `images:
  - image: ${registry.host}/base
    tags: ["\${BRANCH|slug}", main, latest]
    as: my-base:ci
`;

  test('takes the first tag that exists and adds names', async () => {
    addImage(registry, 'base', ['main', 'latest'], 1);
    addImage(registry, 'base', ['feature-login'], 2);
    await configure(fallbacks());
    const own = await dray(['prepull', '--json'], { BRANCH: 'feature/Login' });
    expect([own.exitCode, JSON.parse(own.stdout)]).toMatchObject([
      0,
      { images: [{ reference: `${registry.host}/base:feature-login`, state: 'ready' }] },
    ]);
    const other = await dray(['prepull', '--json'], { BRANCH: 'topic' });
    expect(JSON.parse(other.stdout)).toMatchObject({
      images: [
        { reference: `${registry.host}/base:main`, askedAs: `${registry.host}/base:{topic,main,latest}` },
      ],
    });
    const inspected = await dray(['bundle', 'inspect', '--json']);
    expect(inspected.stdout).toContain('my-base:ci');
    const waited = await dray(['wait', '--only', 'my-base:${NAME:-ci}', '--json']);
    expect([waited.exitCode, JSON.parse(waited.stdout)]).toMatchObject([0, { outcome: 'ready' }]);
  });

  test('leaves out a tag whose variable is missing, and says so when asked', async () => {
    addImage(registry, 'base', ['main']);
    await configure(fallbacks());
    const ended = await dray(['prepull', '--json', '--verbose']);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      0,
      { images: [{ reference: `${registry.host}/base:main` }] },
    ]);
    expect(ended.stderr).toContain('BRANCH');
  });

  test('is quiet about an optional image without existing tags', async () => {
    await configure(`${fallbacks()}    optional: true\n`);
    const ended = await dray(['prepull', '--json'], { BRANCH: 'x' });
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      0,
      { outcome: 'ready', images: [{ state: 'skipped' }] },
    ]);
  });

  test('chooses the highest tag of a range, and pre-releases only when asked', async () => {
    addImage(registry, 'db', [
      '15.9',
      '16.3-alpine',
      '16.2-alpine',
      '17.0-alpine',
      '16.10.1',
      '16.9.2',
      'latest',
    ]);
    addImage(registry, 'next', ['2.0.0-rc.1', '1.9.0', '2.0.0-rc.2'], 2);
    const plain = await dray([
      'prepull',
      `${registry.host}/db:^16`,
      `${registry.host}/db:~16-alpine`,
      '--json',
    ]);
    expect(JSON.parse(plain.stdout)).toMatchObject({
      images: [
        { reference: `${registry.host}/db:16.10.1`, askedAs: `${registry.host}/db:^16` },
        { reference: `${registry.host}/db:16.3-alpine` },
      ],
    });
    await configure(`images:\n  - {image: "${registry.host}/next:>=1", prerelease: true}\n`);
    const next = await dray(['prepull', '--json']);
    expect(JSON.parse(next.stdout)).toMatchObject({
      images: [{ reference: `${registry.host}/next:2.0.0-rc.2` }],
    });
    const none = await dray(['prepull', `${registry.host}/db:^99`, '--json']);
    expect([none.exitCode, JSON.parse(none.stdout)]).toMatchObject([
      3,
      { images: [{ state: 'failed', error: { code: 'TAG_NOT_FOUND' } }] },
    ]);
  });

  test.each([
    ['images: ["app:${NOT_SET}"]', 'VARIABLE_MISSING', '.dray.yml:1: images'],
    ['images:\n  - image: app\n    tags: ["${NOT_SET}"]', 'VARIABLE_MISSING', '.dray.yml:3: images.tags'],
    ['images:\n  - image: app\n    as: "x:${NOT_SET}"', 'VARIABLE_MISSING', '.dray.yml:3: images.as'],
    ['images: ["app:1"]\nmirrors: {docker.io: "${NOT_SET}"}', 'VARIABLE_MISSING', '.dray.yml:2: mirrors'],
    ['images:\n  - image: app:1\n    tags: [a]', 'CONFIG_INVALID', '.dray.yml:2: images.image'],
    ['images:\n  - image: app\n    tag: a', 'CONFIG_INVALID', '.dray.yml:3: images.tag'],
    ['images:\n  - tags: [a]', 'CONFIG_INVALID', '.dray.yml:2: images'],
    ['images: ["app:${BRANCH}"]', 'REFERENCE_INVALID', '.dray.yml:1: images'],
    ['images: [App]', 'REFERENCE_INVALID', '.dray.yml:1: images'],
    ['only: {branch: main}', 'CONFIG_INVALID', '.dray.yml:1: only.branch'],
    ['prepare:\n  - {timeout: 1m}', 'CONFIG_INVALID', '.dray.yml:2: prepare'],
    ['prepare:\n  - {run: x, timeout: soon}', 'CONFIG_INVALID', '.dray.yml:2: prepare.timeout'],
    ['images: [a]\nmirrors: [nonsense]', 'CONFIG_INVALID', '.dray.yml:2: mirrors'],
  ])('with a mistake in its configuration names the place: %j', async (text, code, place) => {
    await configure(`${text}\n`);
    const ended = await dray(['prepull', '--json'], { BRANCH: 'feature/x' });
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([2, { error: { code } }]);
    expect(ended.stderr).toContain(place);
  });

  test('that cannot begin makes no job wait', async () => {
    await configure('images: ["app:${NOT_SET}"]\n');
    await dray(['prepull']);
    expect(await status()).toMatchObject({ state: 'failed', error: { code: 'VARIABLE_MISSING' } });
    const waited = await dray(['wait', '--json']);
    expect([waited.exitCode, JSON.parse(waited.stdout)]).toMatchObject([3, { outcome: 'not-coming' }]);
  });

  describe('on a branch that needs nothing', () => {
    test('says so in one line, and there is nothing to wait for', async () => {
      await configure(`images: ["${registry.host}/app:1"]\nprepare: exit 1\nonly: [main, "release/*"]\n`);
      const ended = await dray(['prepull', '--json'], { DRAY_BRANCH: 'topic' });
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
        0,
        { outcome: 'ready', images: [], reason: expect.stringContaining('topic') },
      ]);
      expect(ended.stderr.trim().split('\n')).toHaveLength(1);
      expect(await status()).toMatchObject({ state: 'ready', images: [] });
      const waited = await dray(['wait', '--json']);
      expect([waited.exitCode, JSON.parse(waited.stdout)]).toMatchObject([
        0,
        { outcome: 'ready', images: [] },
      ]);
      expect(registry.log).toEqual([]);
    });

    test('leaves out single images', async () => {
      addImage(registry, 'app', ['1']);
      await configure(
        `images:\n  - ${registry.host}/app:1\n  - image: ${registry.host}/deploy:1\n    only: {tags: ["v*"], events: [schedule]}\n`,
      );
      const branch = await dray(['prepull', '--json'], { DRAY_BRANCH: 'main' });
      expect(JSON.parse(branch.stdout)).toMatchObject({ images: [{ reference: `${registry.host}/app:1` }] });
      for (const env of [{ DRAY_TAG: 'v1' }, { DRAY_BRANCH: 'main', DRAY_EVENT: 'schedule' }]) {
        const both = await dray(['plan', '--json'], env);
        expect(JSON.parse(both.stdout)).toMatchObject({ images: [{ state: 'found' }, { state: 'failed' }] });
      }
    });

    test.each([
      [{ CIRCLECI: 'true', CIRCLE_BRANCH: 'main' }, true],
      [{ CIRCLECI: 'true', CIRCLE_TAG: 'v1' }, false],
      [{ GITLAB_CI: 'true', CI_COMMIT_REF_NAME: 'main', CI_COMMIT_TAG: 'main' }, false],
      [{ GITLAB_CI: 'true', CI_COMMIT_REF_NAME: 'main', CI_PIPELINE_SOURCE: 'push' }, true],
      [{ GITHUB_ACTIONS: 'true', GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'push' }, true],
      [
        {
          GITHUB_ACTIONS: 'true',
          GITHUB_REF: 'refs/pull/1/merge',
          GITHUB_HEAD_REF: 'topic',
          GITHUB_EVENT_NAME: 'pull_request',
        },
        false,
      ],
    ])('knows where it is from the CI system: %j', async (env, isFetched) => {
      addImage(registry, 'app', ['1']);
      await configure(`images: ["${registry.host}/app:1"]\nonly: main\n`);
      const ended = await dray(['plan', '--json'], env);
      expect(JSON.parse(ended.stdout)).toMatchObject(
        isFetched ? { images: [{ state: 'found' }] } : { images: [] },
      );
    });
  });

  describe('of the images in files', () => {
    beforeEach(async () => {
      addImage(registry, 'app', ['1'], 1);
      addImage(registry, 'db', ['1'], 2);
      await mkdir(join(directory.path, 'deploy'));
      await writeFile(
        join(directory.path, 'deploy', 'stack.yml'),
        `services:\n  db:\n    image: ${registry.host}/db:1\n  app:\n    image: ${registry.host}/app:\${APP_TAG:-1}\n  other:\n    image: ${registry.host}/x:\${NOT_SET:?needed}\n`,
      );
      await configure(`images: ["${registry.host}/app:1"]\nfrom: compose:deploy/stack.yml\n`);
    });

    test('prints the origin of each image once, and what it could not parse', async () => {
      const cwd = process.cwd();
      process.chdir(directory.path);
      try {
        const planned = await dray(['plan', '--json']);
        expect(JSON.parse(planned.stdout)).toMatchObject({
          images: [
            { reference: `${registry.host}/app:1`, origin: '.dray.yml:1: images' },
            { reference: `${registry.host}/db:1`, origin: expect.stringMatching(/stack\.yml:3 .*db/) },
          ],
        });
        expect(planned.stderr).toContain('stack.yml:7');
        expect((await dray(['plan'])).stdout).toContain('stack.yml:3');
        const strict = await dray(['prepull', '--strict', '--json']);
        expect([strict.exitCode, JSON.parse(strict.stdout)]).toMatchObject([
          2,
          { error: { code: 'DISCOVERY_FAILED' } },
        ]);
        const missing = await dray(['plan', '--from', 'nowhere.yml', '--json']);
        expect([missing.exitCode, JSON.parse(missing.stdout)]).toMatchObject([
          2,
          { error: { code: 'DISCOVERY_FAILED' } },
        ]);
      } finally {
        process.chdir(cwd);
      }
    });
  });

  test('asks mirrors first and goes on to the registry without them', async () => {
    addImage(registry, 'app', ['1']);
    const mirror = await startFaultyRegistry();
    try {
      addImage(mirror, 'cache/app', ['1']);
      await configure(`images: ["${registry.host}/app:1"]\nmirrors:\n  ${registry.host}: \${MIRROR}/cache\n`);
      const through = await dray(['prepull', '--json'], { MIRROR: `http://${mirror.host}` });
      expect(JSON.parse(through.stdout)).toMatchObject({
        images: [{ reference: `${registry.host}/app:1`, state: 'ready' }],
      });
      expect(registry.log).toEqual([]);
    } finally {
      await mirror.close();
    }
    const without = await dray(['prepull', '--bundle', join(directory.path, 'other'), '--json'], {
      MIRROR: `http://${mirror.host}`,
    });
    expect(without.exitCode).toBe(0);
    expect(without.stderr).toContain(mirror.host);
  });

  describe('with preparation commands', () => {
    const password = 'planted-password-4711';
    const token = 'planted-token-0815';
    let guarded: FaultyRegistry;

    beforeEach(async () => {
      guarded = await startFaultyRegistry({ auth: { kind: 'basic', username: 'me', password } });
      addImage(guarded, 'app', ['1']);
    });

    afterEach(() => guarded.close());

    test('uses the login that one of them left, and shows no secret', async () => {
      const auth = Buffer.from(`me:${password}`).toString('base64');
      const login = `mkdir -p .docker; printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$LOGIN_AUTH" > .docker/config.json; echo logged in as me with $MY_PASSWORD`;
      await configure(
        `images: ["\${REGISTRY}/app:1"]\nprepare:\n  - ${JSON.stringify(login)}\n  - {name: leak, run: "cat .docker/config.json; printf '%s' $LEAK_TOKEN >&2; echo https://u:geheim99@host"}\n`,
      );
      const env = {
        REGISTRY: guarded.host,
        LOGIN_AUTH: auth,
        MY_PASSWORD: password,
        LEAK_TOKEN: token,
        A_URL: 'https://u:geheim99@host',
      };
      const ended = await dray(['prepull', '--json', '--verbose'], env);
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([0, { images: [{ state: 'ready' }] }]);
      expect(ended.stderr).toContain('logged in as me with ***');
      for (const secret of [password, token, auth, 'geheim99'])
        expect(ended.stdout + ended.stderr).not.toContain(secret);
    });

    test('ends as failed when one fails, naming it without its secrets', async () => {
      const ended = await dray(
        [
          'prepull',
          `${guarded.host}/app:1`,
          '--prepare',
          'echo first',
          '--prepare',
          `false ${token}`,
          '--json',
        ],
        { LEAK_TOKEN: token },
      );
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
        3,
        {
          outcome: 'failed',
          images: [],
          error: { code: 'PREPARE_FAILED', message: expect.stringContaining('false ***') },
        },
      ]);
      expect(ended.stderr).toContain('first');
      expect(guarded.log).toEqual([]);
      const document = JSON.stringify(await status());
      expect(document).toContain('PREPARE_FAILED');
      for (const text of [ended.stdout, ended.stderr, document]) expect(text).not.toContain(token);
    });

    test('goes on after an optional one has failed', async () => {
      addImage(registry, 'app', ['1']);
      await configure(`images: ["${registry.host}/app:1"]\nprepare:\n  - {run: exit 3, optional: true}\n`);
      const ended = await dray(['prepull', '--json']);
      expect(ended.exitCode).toBe(0);
      expect(ended.stderr).toContain('exit 3');
    });

    test('ends one that hangs at its time limit', async () => {
      await configure(
        `images: ["${registry.host}/app:1"]\nprepare:\n  - {run: sleep 600 & sleep 600, timeout: 100ms}\n`,
      );
      const ended = await dray(['prepull', '--json']);
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
        3,
        { error: { code: 'PREPARE_FAILED' } },
      ]);
    });

    test('stops one when it is stopped itself', async () => {
      const controller = new AbortController();
      const argv = ['prepull', `${registry.host}/app:1`, '--json'];
      const env = { DRAY_PREPARE: 'echo begun > begun; sleep 600' };
      const running = runDray(argv, { cwd: directory.path, env, signal: controller.signal });
      while (!(await readdir(directory.path)).includes('begun')) await new Promise(setImmediate);
      controller.abort(new DrayError('ABORTED', 'cannot continue: stopped by SIGTERM'));
      const ended = await running;
      expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'cancelled' });
      expect(await status()).toMatchObject({ state: 'cancelled' });
    });
  });
});
