import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startS3Server, startTokenService, type S3Server } from '@drayage/s3/testing';

import { dray, drayJson } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { expectBoundedMemory, pushLargeImage, pushVersions } from './support/handover-images.ts';
import type { PushedImage } from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;
const secrets = /planted|Signature=|X-Amz-/;

describeWith({ engine: variant, registry: true }, 'a handover through S3', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let s3: S3Server;
  let nodes: string;
  let app: PushedImage;
  let next: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startEngine(variant);
    ({ app, next } = await pushVersions(registry, 12_000_000));
  }, limit);

  afterAll(async () => {
    await engine.stop();
    await registry.stop();
  }, limit);

  beforeEach(async () => {
    s3 = await startS3Server({
      key: { accessKeyId: 'ASIATEST', secretAccessKey: 'planted-secret', sessionToken: 'planted-session' },
    });
    nodes = makeFolder();
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    await s3.close();
    await removeFolder(nodes);
  });

  /** The variables of a job of a pipeline, without credentials. */
  function job(pipeline: string, node: string): Record<string, string> {
    return {
      DRAY_HANDOVER: `s3://${s3.bucket}/ci/app?endpoint=${s3.endpoint}`,
      DRAY_BUNDLE: join(nodes, node),
      DRAY_PIPELINE: pipeline,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  function withKeys(pipeline: string, node: string): Record<string, string> {
    const { accessKeyId, secretAccessKey, sessionToken = '' } = s3.key;
    return {
      ...job(pipeline, node),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
  }

  function uploadsSince(since: number): readonly string[] {
    const written = s3.exchanges.slice(since).filter(({ method }) => method === 'PUT');
    return written.filter(({ key }) => key.includes('/blobs/')).map(({ key }) => key);
  }

  test(
    'brings the images of one node to the engine of another, byte for byte',
    async () => {
      const prepull = await drayJson('prepull', [app.reference], { env: withKeys('1001', 'one') });
      expect(prepull.outcome).toBe('ready');
      const report = await drayJson('load', ['--strict'], {
        env: withKeys('1001', 'two'),
        host: engine.host,
      });
      expect(report).toMatchObject({
        outcome: 'hit',
        images: [{ reference: app.reference, delivery: 'load' }],
      });
      expect((await engine.docker(['pull', app.reference])).stdout).toMatch(/Image is up to date/);
      expect(s3.exchanges.filter(({ status }) => status >= 500)).toEqual([]);
    },
    limit,
  );

  test(
    'moves no blob again that an earlier pipeline has uploaded',
    async () => {
      await drayJson('prepull', [app.reference], { env: withKeys('1001', 'one') });
      const second = s3.exchanges.length;
      await drayJson('prepull', [app.reference], { env: withKeys('1002', 'two') });
      expect(uploadsSince(second)).toEqual([]);
      const third = s3.exchanges.length;
      await drayJson('prepull', [next.reference], { env: withKeys('1003', 'three') });
      // Manifest, config and the layer that differs.
      expect(uploadsSince(third)).toHaveLength(3);
      const report = await drayJson('load', ['--strict'], {
        env: withKeys('1003', 'four'),
        host: engine.host,
      });
      expect(report.images.map(({ reference }) => reference)).toEqual([next.reference]);
    },
    limit,
  );

  test(
    'assumes a role with the OIDC token of the job',
    async () => {
      const oidcToken = 'planted.oidc.token';
      const service = await startTokenService({ oidcToken, githubToken: 'planted-github', key: s3.key });
      const role = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/ci', AWS_ENDPOINT_URL_STS: service.url };
      const github = {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'planted-github',
      };
      const ended: (readonly [number | undefined, string])[] = [];
      const tokens = [{ DRAY_OIDC_TOKEN: oidcToken }, { CIRCLE_OIDC_TOKEN_V2: oidcToken }, github];
      for (const [position, token] of tokens.entries()) {
        const env = { ...job(String(position), `node-${String(position)}`), ...role, ...token };
        const { exitCode, stderr } = await dray(['prepull', app.reference], { env });
        ended.push([exitCode, stderr]);
      }
      await service.close();
      expect(service.calls).toHaveLength(3);
      for (const [exitCode, stderr] of ended) {
        expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(/planted|NodeVersionSupport/)]);
      }
    },
    limit,
  );

  test(
    'goes on after a burst of errors and with a clock that is an hour off',
    async () => {
      s3.advance(3_600_000);
      s3.fail({ status: 503, code: 'SlowDown', times: 3 });
      s3.fail({ method: 'PUT', key: /blobs/, status: 'break', bytes: 1_000_000, times: 2 });
      await drayJson('prepull', [app.reference], { env: withKeys('1001', 'one') });
      s3.fail({ method: 'GET', key: /blobs/, status: 'break', bytes: 700_000, times: 2 });
      const report = await drayJson('load', ['--strict'], {
        env: withKeys('1001', 'two'),
        host: engine.host,
      });
      expect(report.outcome).toBe('hit');
    },
    limit,
  );

  test(
    'is cleaned by the last job of the pipeline, but for the blobs that others share',
    async () => {
      await drayJson('prepull', [app.reference], { env: withKeys('1001', 'one') });
      expect((await dray(['handover', 'clean'], { env: withKeys('1001', 'two') })).exitCode).toBe(0);
      expect(s3.objects().every(({ key }) => key.startsWith('ci/app/blobs/'))).toBe(true);
      s3.advance(15 * 24 * 3_600_000);
      await dray(['handover', 'clean'], { env: withKeys('1002', 'two') });
      expect(s3.objects()).toEqual([]);
    },
    limit,
  );

  test(
    'needs no memory for the bytes of a layer of 300 MB',
    async () => {
      const { reference } = await pushLargeImage(registry);
      const prepull = await dray(['prepull', reference], { env: withKeys('1001', 'one') });
      const load = await dray(['load', '--strict'], { env: withKeys('1001', 'two'), host: engine.host });
      expectBoundedMemory([prepull, load]);
    },
    limit,
  );

  test(
    'shows no key, token or signature when it is refused',
    async () => {
      const env = withKeys('1001', 'one');
      s3.key = { accessKeyId: 'ASIATEST', secretAccessKey: 'another', sessionToken: 'planted-session' };
      const failed = await dray(['prepull', app.reference, '--json', '--verbose'], { env });
      expect(failed.exitCode).toBe(3);
      expect(failed.stdout).toMatch(/TRANSPORT_DENIED/);
      expect(failed.stdout + failed.stderr).not.toMatch(secrets);
    },
    limit,
  );
});
