import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { parseChallenges } from './challenge.ts';
import { createConnections, isRetryable, type Connections } from '@drayage/http';
import { findApiRoot } from './api-root.ts';
import { startFaultyRegistry, type FaultyRegistry } from './testing/faulty-registry.ts';
import { createTestCertificate } from '@drayage/http/testing';
import { fetchToken } from './token-service.ts';

const operation = { title: 'test', registry: 'registry.test' };

describe('the root of a registry', () => {
  let tls = { key: '', cert: '' };
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    tls = await createTestCertificate();
  });
  afterEach(() => Promise.all(open.splice(0).map((each) => each.close())));

  const connections = (ca?: string): Connections => {
    const created = createConnections({ ca, userAgent: 'test' });
    open.push(created);
    return created;
  };
  const serve = async (options: Parameters<typeof startFaultyRegistry>[0]): Promise<FaultyRegistry> => {
    const registry = await startFaultyRegistry(options);
    open.push(registry);
    return registry;
  };
  const secure = (host: string): { origin: URL; verifiesTls: true } => ({
    origin: new URL(`https://${host}`),
    verifiesTls: true,
  });

  test('is trusted by a custom CA', async () => {
    const { host } = await serve({ tls });
    const candidate = secure(host);
    await expect(findApiRoot(connections(tls.cert), [candidate], operation)).resolves.toMatchObject(
      candidate,
    );
  });

  test('is not trusted without one, which no retry changes', async () => {
    const { host, log } = await serve({ tls });
    const error: unknown = await findApiRoot(connections(), [secure(host)], operation).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    expect(error).toHaveProperty('hint', expect.stringContaining(host));
    expect(isRetryable(error)).toBe(false);
    expect(log).toEqual([]);
  });

  test('of an insecure registry is TLS where it speaks TLS, else plain HTTP', async () => {
    for (const [options, protocol] of [
      [{ tls }, 'https:'],
      [{}, 'http:'],
    ] as const) {
      const { host } = await serve(options);
      const candidates = [
        { ...secure(host), verifiesTls: false },
        { origin: new URL(`http://${host}`), verifiesTls: false },
      ];
      const root = await findApiRoot(connections(), candidates, operation);
      expect(root.origin.protocol).toBe(protocol);
    }
  });

  test('carries what its root demands', async () => {
    const { host } = await serve({ auth: { kind: 'bearer' } });
    const plain = { origin: new URL(`http://${host}`), verifiesTls: false };
    const { challenges } = await findApiRoot(connections(), [plain], operation);
    expect(challenges.map(({ scheme }) => scheme)).toEqual(['bearer']);
  });

  test('a plain HTTP answer of 400 counts when there is nothing better', async () => {
    const registry = await serve({});
    registry.inject({ kind: 'ping', effect: { kind: 'status', status: 400 } });
    const plain = { origin: new URL(`http://${registry.host}`), verifiesTls: false };
    const candidates = [plain, { ...secure(registry.host), verifiesTls: false }];
    await expect(findApiRoot(connections(), candidates, operation)).resolves.toMatchObject(plain);
  });

  test('a token service in plain HTTP gets nothing from a registry with TLS', async () => {
    const registry = await serve({ auth: { kind: 'bearer' } });
    const [challenge] = parseChallenges(`Bearer realm="http://${registry.host}/token"`);
    const request = {
      challenge: challenge ?? { scheme: 'none', parameters: new Map<string, string>() },
      scope: 'repository:app:pull',
      credential: { kind: 'identityToken', token: 'secret', source: 'test' } as const,
      allowsPlainHttp: false,
      isInsecure: () => true,
    };
    const context = { credentialSource: undefined, secrets: [], now: 0 };
    const fetched = fetchToken(connections(), operation, request, context);
    await expect(fetched).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    expect(registry.log).toEqual([]);
  });
});
