import { describe, expect, test } from '@jest/globals';
import type { Transport } from '@drayage/core';
import {
  bytesOf,
  rejectionOf,
  sampleBlob,
  streamOf,
  transportContract,
  type ContractSubject,
} from '@drayage/core/testing';
import { createHttpTransport } from '@drayage/http-place';

import { nginxProgram, startNginx, type TestNginx } from './support/nginx.ts';

const token = 'planted-bearer-token';
const reason =
  nginxProgram() === undefined ? 'cannot test a web server as a place: there is no nginx' : undefined;
if (reason !== undefined) console.warn(reason);
const describeNginx = reason === undefined || process.env['CI'] === 'true' ? describe : describe.skip;

function open(nginx: TestNginx, authorization = `Bearer ${token}`): Transport {
  return createHttpTransport({ url: `${nginx.url}/ci/7`, userAgent: 'drayage/test', authorization });
}

describeNginx.each(['dav', 'put'] as const)('a transport through nginx that takes %s', (kind) => {
  const servers = new WeakMap<object, TestNginx>();
  const create = async (wanted: string): Promise<ContractSubject<Transport>> => {
    const nginx = await startNginx({ kind, token: wanted });
    const subject = open(nginx);
    servers.set(subject, nginx);
    return { subject, dispose: () => nginx.stop() };
  };
  const contract = transportContract({
    create: () => create(token),
    createBroken: () => create('another'),
    reopen: async (transport) => {
      const nginx = servers.get(transport);
      if (nginx === undefined) throw new Error('it was not made here');
      return open(nginx);
    },
    secret: token,
  });
  for (const { name, run } of contract) test(name, run);
});

describeNginx('a static web server', () => {
  test('serves what another wrote, at an offset, and refuses writing with a hint', async () => {
    const writer = await startNginx({ kind: 'dav' });
    const reader = await startNginx({ kind: 'static', root: writer.root });
    const blob = sampleBlob(300_000);
    const [from, to] = [open(reader), open(writer)];
    await to.blobs.put(blob.descriptor, async () => streamOf(blob.bytes));
    await to.documents.write('index.json', blob.bytes);
    const rest = await bytesOf(await from.blobs.open(blob.descriptor, { offset: 100_001 }));
    expect(Buffer.compare(rest, blob.bytes.subarray(100_001))).toBe(0);
    expect(await from.documents.read('index.json')).toHaveLength(300_000);
    const error = await rejectionOf(from.documents.write('index.json', blob.bytes));
    expect(error).toMatchObject({ code: 'TRANSPORT_DENIED', hint: expect.stringContaining('PUT') });
    await Promise.all([from.close(), to.close()]);
    await Promise.all([writer.stop(), reader.stop()]);
  });
});
