import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { parseReference, type Reference } from '@drayage/core';
import { readCertificates } from '@drayage/http';
import { createTestCertificate } from '@drayage/http/testing';
import { startFixture, type Fixture, type FixtureOptions } from './testing/fixture.ts';

describe('reaching a registry', () => {
  let directory = '';
  let tls = { key: '', cert: '' };
  let certFile = '';
  let fixture: Fixture | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drayage-tls-'));
    certFile = join(directory, 'cert.pem');
    tls = await createTestCertificate();
    await writeFile(certFile, tls.cert);
    await writeFile(join(directory, 'key.pem'), tls.key);
  });
  afterAll(() => rm(directory, { recursive: true }));
  afterEach(async () => {
    await fixture?.close();
    await Promise.all(peers.splice(0).map((peer) => peer.close()));
  });

  const start = async (options: FixtureOptions): Promise<Fixture> => {
    fixture = await startFixture(options);
    return fixture;
  };

  test('on loopback by TLS, where plain HTTP gets no answer', async () => {
    const { source, reference, manifest } = await start({ tls });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
  });

  test('a refused connection is an error that names host and reason', async () => {
    const peer = await startPeer(() => undefined);
    await peer.close();
    const host = peer.reference.registry;
    const { source, clock } = await start({});
    const error: unknown = await source.resolve(peer.reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', details: { host, reason: 'ECONNREFUSED' } });
    expect(error).toHaveProperty('message', expect.stringContaining(host));
    expect(clock.pauses).toHaveLength(4);
  });

  test('a name that does not exist is an error at once', async () => {
    const { source, clock } = await start({});
    const error: unknown = await source
      .resolve(parseReference('nowhere.invalid/app:1'))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', details: { host: 'nowhere.invalid' } });
    // A machine without any resolver says EAI_AGAIN, which may pass.
    expect([0, 4]).toContain(clock.pauses.length);
  });

  test('a peer that speaks something else is a protocol error', async () => {
    const peer = await startPeer((socket) => socket.once('data', () => socket.write('SSH-2.0-x\r\n')));
    const { source } = await start({});
    await expect(source.resolve(peer.reference)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  test('a header that does not come in time is waited for no longer', async () => {
    // TLS is turned away at once, plain HTTP gets silence.
    const peer = await startPeer((socket) =>
      socket.once('data', (data) => {
        if (data[0] === 0x16) socket.destroy();
      }),
    );
    const { source } = await start({ source: { timeouts: { headersMs: 20 }, retry: { attempts: 1 } } });
    await expect(source.resolve(peer.reference)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  test('certificates are read from a PEM file', async () => {
    await expect(readCertificates(certFile)).resolves.toContain('BEGIN CERTIFICATE');
  });

  test('a file without certificates, or none at all, is named', async () => {
    const other = join(directory, 'other.pem');
    await writeFile(other, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const path of [join(directory, 'key.pem'), other, join(directory, 'absent.pem')]) {
      const error: unknown = await readCertificates(path).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(error).toHaveProperty('message', expect.stringContaining(path));
    }
  });
});

const peers: Peer[] = [];

interface Peer {
  readonly reference: Reference;
  close(): Promise<void>;
}

/** Somebody on loopback who is no registry. */
async function startPeer(onConnection: (socket: Socket) => unknown): Promise<Peer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  let closing: Promise<unknown> | undefined;
  const peer: Peer = {
    reference: parseReference(`127.0.0.1:${port}/app:1`),
    close: async () => {
      closing ??= new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closing;
    },
  };
  peers.push(peer);
  return peer;
}
