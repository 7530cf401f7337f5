import { describe, test } from '@jest/globals';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { blobStoreContract } from './contracts/blob-store.ts';
import { transportContract } from './contracts/transport.ts';
import { createMemoryTransport } from './memory-transport.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('a directory blob store', () => {
  const cases = blobStoreContract({
    create: async () => {
      const dir = await temporaryDirectory();
      return { subject: createDirectoryBlobStore(dir.path), dispose: dir.remove };
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe('a directory transport', () => {
  const cases = transportContract({
    create: async () => {
      const dir = await temporaryDirectory();
      return { subject: createDirectoryTransport(`${dir.path}/handover`), dispose: dir.remove };
    },
    reopen: async ({ location }) => createDirectoryTransport(location),
  });
  for (const { name, run } of cases) test(name, run);
});

describe('a memory transport', () => {
  const cases = transportContract({
    create: async () => ({ subject: createMemoryTransport(), dispose: () => Promise.resolve() }),
  });
  for (const { name, run } of cases) test(name, run);
});
