import type { ServerResponse } from 'node:http';

/** An answer of a strict registry. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** @see distribution-spec v1.1.1, "Error Codes" */
export function refusal(status: number, code: string, headers: Answer['headers'] = {}): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message: `${code.toLowerCase()} here` }] }));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** A body, or the range of it that was asked for. */
export function ranged(body: Buffer, range: string | undefined, headers: Answer['headers'] = {}): Answer {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) return { status: 200, headers, body };
  const total = String(body.byteLength);
  if (start >= body.byteLength) return { status: 416, headers: { 'content-range': `bytes */${total}` } };
  const last = String(body.byteLength - 1);
  const partial = { ...headers, 'content-range': `bytes ${String(start)}-${last}/${total}` };
  return { status: 206, headers: partial, body: body.subarray(start) };
}

/** Writes the answer, or cuts it off after some bytes of its body. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  resetAfter: number | undefined,
): void {
  response.writeHead(status, { 'content-length': String(body?.byteLength ?? 0), ...headers });
  if (response.req.method === 'HEAD' || body === undefined) response.end();
  else if (resetAfter === undefined) response.end(body);
  else response.write(body.subarray(0, resetAfter), () => response.destroy());
}
