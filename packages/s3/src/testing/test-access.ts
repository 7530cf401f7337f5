import type { Clock } from '@drayage/http';
import { createS3Transport, type S3Transport, type S3TransportOptions } from '../transport/s3-transport.ts';
import type { S3Server } from './s3-server.ts';

/** A clock whose pauses take no time and are remembered. */
export function pausingClock(now: () => number = Date.now): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    now,
    random: () => 0,
    async sleep(ms) {
      pauses.push(ms);
    },
  };
}

export interface TestAccess extends Partial<S3TransportOptions> {
  /** After the bucket: `/prefix`. */
  readonly path?: string;
  /** Further settings of the URL: `keep=1d`. */
  readonly settings?: string;
}

/** A transport to the bucket of a test server. */
export function transportTo(
  server: S3Server,
  { path = '/ci', settings = '', ...more }: TestAccess = {},
): S3Transport {
  return createS3Transport({
    url: `s3://${server.bucket}${path}?endpoint=${server.endpoint}&${settings}`,
    key: '1001',
    userAgent: 'drayage/test',
    credentials: async () => server.key,
    ...more,
  });
}
