import { describe, test } from '@jest/globals';
import { transportContract, type ContractSubject } from '@drayage/core/testing';
import { startS3Server, type S3ServerOptions } from '../testing/s3-server.ts';
import { foreignServers, type ForeignServer } from '../testing/foreign-servers.ts';
import type { SigningKey } from '../testing/signature.ts';
import { createS3Transport, type S3Transport } from './s3-transport.ts';

const secret = 'planted-secret-access-key-of-the-contract';
const own: SigningKey = { accessKeyId: 'AKIDCONTRACT', secretAccessKey: secret };

interface Access {
  readonly url: string;
  readonly key: SigningKey;
}

const accesses = new WeakMap<object, Access>();

function open(access: Access): S3Transport {
  const transport = createS3Transport({
    url: access.url,
    key: '1001',
    userAgent: 'drayage/test',
    credentials: async () => access.key,
  });
  accesses.set(transport, access);
  return transport;
}

async function reopen(transport: object): Promise<S3Transport> {
  const access = accesses.get(transport);
  if (access === undefined) throw new Error('it was not made here');
  return open(access);
}

const kinds: readonly (readonly [string, string, S3ServerOptions])[] = [
  ['with a prefix', '/ci/app', {}],
  ['without a prefix', '', {}],
  ['with pages of 50 objects, in another region', '/a+b%20c', { maxKeys: 50, region: 'eu-1' }],
];

describe.each(kinds)('a transport through a strict S3 server, %s', (_, prefix, options) => {
  const create = async (secretAccessKey: string): Promise<ContractSubject<S3Transport>> => {
    const server = await startS3Server({ ...options, key: { ...own, secretAccessKey } });
    const region = `&region=${options.region ?? 'us-east-1'}`;
    const subject = open({
      url: `s3://${server.bucket}${prefix}?endpoint=${server.endpoint}${region}`,
      key: own,
    });
    return { subject, dispose: () => server.close() };
  };
  const contract = transportContract({
    create: () => create(secret),
    createBroken: () => create('another-secret-access-key'),
    reopen,
    secret,
  });
  for (const { name, run } of contract) test(name, run);
});

describe.each(foreignServers)('a transport through $name', ({ start, exceptions }: ForeignServer) => {
  const create = async (): Promise<ContractSubject<S3Transport>> => {
    const { endpoint, bucket, key, close } = await start();
    return { subject: open({ url: `s3://${bucket}/ci?endpoint=${endpoint}`, key }), dispose: close };
  };
  for (const { name, run } of transportContract({ create, reopen })) {
    const reason = exceptions[name];
    if (reason === undefined) test(name, run);
    else test.skip(`${name} (${reason})`, run);
  }
});
