import { temporaryDirectory } from '@drayage/core/testing';
import { startFauxqs } from 'fauxqs';
import S3rver from 's3rver';
import type { SigningKey } from './signature.ts';

export interface RunningServer {
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: SigningKey;
  readonly close: () => Promise<void>;
}

/** An S3 server that others wrote. */
export interface ForeignServer {
  readonly name: string;
  /** Why it cannot keep a promise of S3, by the name of the contract's case. */
  readonly exceptions: Readonly<Record<string, string>>;
  /** Starts it with one empty bucket. */
  readonly start: () => Promise<RunningServer>;
}

const bucket = 'bundles';

/** The servers that npm has and that run on every supported version of Node.js. */
export const foreignServers: readonly ForeignServer[] = [
  {
    name: 's3rver',
    exceptions: { 'never shows a half-written document': 's3rver writes an object where readers see it' },
    start: runS3rver,
  },
  { name: 'fauxqs', exceptions: {}, start: runFauxqs },
];

async function runS3rver(): Promise<RunningServer> {
  const directory = await temporaryDirectory();
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory: directory.path },
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    bucket,
    // Built in. It verifies signatures.
    key: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    async close() {
      await server.close();
      await directory.remove();
    },
  };
}

async function runFauxqs(): Promise<RunningServer> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket(bucket);
  return {
    endpoint: `http://127.0.0.1:${String(server.port)}`,
    bucket,
    key: { accessKeyId: 'AKIDFAUXQS', secretAccessKey: 'not-verified' },
    close: () => server.stop(),
  };
}
