import { describe, test } from '@jest/globals';
import { transportContract, type ContractSubject } from '@drayage/core/testing';
import { createOciTransport, type OciTransport } from './oci-transport.ts';
import {
  startStrictRegistry,
  type StrictRegistry,
  type StrictRegistryOptions,
} from './testing/strict-registry.ts';

const login = { username: 'dray', password: 'planted-password-of-the-contract' };
const imageTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.oci.image.layer.v1.tar'];

function open(registry: StrictRegistry): OciTransport {
  return createOciTransport({
    url: `oci://${registry.host}/team/handover`,
    key: '1001',
    credentials: { find: () => Promise.resolve({ kind: 'basic', ...login, source: 'the test' }) },
    userAgent: 'drayage/test',
    retry: { baseDelayMs: 1, maxDelayMs: 5 },
  });
}

const registries = new WeakMap<object, StrictRegistry>();

async function create(options: StrictRegistryOptions): Promise<ContractSubject<OciTransport>> {
  const registry = await startStrictRegistry({ login, ...options });
  const subject = open(registry);
  registries.set(subject, registry);
  return { subject, dispose: () => registry.close() };
}

const kinds: readonly (readonly [string, StrictRegistryOptions])[] = [
  ['that takes chunks of 4 MiB at most', {}],
  ['that knows no PATCH', { maxChunkBytes: 0 }],
  ['with a list of allowed types', { allowedTypes: imageTypes }],
  ['that deletes nothing', { deletes: false }],
  ['that redirects to a storage which refuses credentials', { redirects: true, tokenSec: 300 }],
  ['with tokens for five minutes', { tokenSec: 300 }],
];

describe.each(kinds)('a transport through a registry %s', (_, options) => {
  const contract = transportContract({
    create: () => create(options),
    reopen: async (transport) => {
      const registry = registries.get(transport);
      if (registry === undefined) throw new Error('it was not made here');
      return open(registry);
    },
    secret: login.password,
    createBroken: () => create({ ...options, tokenSec: 300, login: { ...login, username: 'another' } }),
  });
  for (const { name, run } of contract) test(name, run);
});
