import type { HttpResponse } from '@drayage/http';
import type { S3Fault } from './answers.ts';

/** What to change before the same request is sent once more. */
export type Correction =
  /** `serverTime`: milliseconds since the epoch. */
  | { readonly kind: 'clock'; readonly serverTime: number }
  | { readonly kind: 'region'; readonly region: string }
  | { readonly kind: 'credentials' };

/** Servers accept a quarter of an hour; the Date header has whole seconds, and the answer was on its way. */
const toleratedMs = 4 * 60_000;

const expiredFaults = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
const regionPattern = /^[a-z0-9-]{1,40}$/;

/**
 * What an unsuccessful answer asks for; undefined: nothing that can be changed. The answer to a HEAD has no
 * body, so a wrong clock shows in its Date header alone.
 */
export function correctionFor(
  response: Pick<HttpResponse, 'status' | 'header'>,
  fault: S3Fault,
  sent: { readonly signedAt: number; readonly region: string },
): Correction | undefined {
  const { status, header } = response;
  const region = header('x-amz-bucket-region') ?? fault.region;
  const isElsewhere = region !== undefined && region !== sent.region && regionPattern.test(region);
  if (isElsewhere && (status === 301 || status === 307 || status === 400 || status === 403)) {
    return { kind: 'region', region };
  }
  if (status !== 403 && status !== 400) return undefined;
  const serverTime = Date.parse(header('date') ?? '');
  if (Math.abs(serverTime - sent.signedAt) > toleratedMs) return { kind: 'clock', serverTime };
  return expiredFaults.has(fault.code) ? { kind: 'credentials' } : undefined;
}
