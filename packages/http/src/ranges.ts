import type { HttpResponse } from './connections.ts';

/** The header that requests content from `offset` on. @see RFC 9110, section 14.2 */
export function rangeFrom(offset: number): Readonly<Record<string, string>> {
  return offset === 0 ? {} : { range: `bytes=${String(offset)}-` };
}

/**
 * The number of bytes to drop at the start of a response to {@link rangeFrom}: servers can ignore a range or
 * send more than it. Undefined for a range that begins too late.
 */
export function surplusBytes({ status, header }: HttpResponse, offset: number): number | undefined {
  if (status !== 206) return offset;
  const start = /^bytes (\d+)-/.exec(header('content-range') ?? '')?.[1];
  const surplus = offset - Number(start);
  return surplus >= 0 ? surplus : undefined;
}
