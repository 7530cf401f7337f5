import { describe, test } from '@jest/globals';
import { transportContract, type ContractSubject } from '@drayage/core/testing';
import { startFakeGitlab, type FakeGitlab, type FakeGitlabOptions } from '../testing/fake-gitlab.ts';
import { createGitlabTransport, type GitlabTransport } from './gitlab-transport.ts';

const secret = 'planted-job-token-of-the-contract';

function open(gitlab: FakeGitlab, url: string): GitlabTransport {
  return createGitlabTransport({
    url,
    apiUrl: gitlab.apiUrl,
    projectId: String(gitlab.projectId),
    pipeline: '1001',
    token: { kind: 'job', value: secret },
    userAgent: 'drayage/test',
  });
}

interface Kind {
  readonly url?: string;
  readonly server?: FakeGitlabOptions;
}

const gitlabs = new WeakMap<object, FakeGitlab>();

async function create({
  url = 'gitlab://packages',
  server,
}: Kind): Promise<ContractSubject<GitlabTransport>> {
  const gitlab = await startFakeGitlab({ jobToken: secret, jobTokenDeletes: true, ...server });
  const subject = open(gitlab, url);
  gitlabs.set(subject, gitlab);
  return { subject, dispose: () => gitlab.close() };
}

const kinds: readonly (readonly [string, Kind])[] = [
  ['with downloads from an object storage', {}],
  ['with downloads from GitLab itself', { server: { downloads: 'inline' } }],
  ['in a group that forbids duplicates', { server: { allowsDuplicates: false } }],
  ['with blobs for one pipeline', { url: 'gitlab://packages/other.name?keep=pipeline' }],
];

describe.each(kinds)('a transport through generic packages %s', (_, kind) => {
  const contract = transportContract({
    create: () => create(kind),
    reopen: async (transport) => {
      const gitlab = gitlabs.get(transport);
      if (gitlab === undefined) throw new Error('it was not made here');
      return open(gitlab, kind.url ?? 'gitlab://packages');
    },
    secret,
    createBroken: () => create({ ...kind, server: { jobToken: 'another' } }),
  });
  for (const { name, run } of contract) test(name, run);
});
