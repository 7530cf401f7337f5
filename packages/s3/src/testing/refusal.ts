import type { ServerResponse } from 'node:http';

/** An answer that reports a fault. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** Where the bucket is. */
  readonly region?: string | undefined;
}

export function refuse(status: number, code: string, more: { readonly region?: string } = {}): Refusal {
  return { status, code, ...more };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function sendRefusal(
  response: ServerResponse,
  { status, code, region }: Refusal,
  headers: Readonly<Record<string, string>> = {},
): void {
  const where = region === undefined ? '' : `<Region>${region}</Region>`;
  const message = `<Message>${code} as the test server says</Message>`;
  sendXml(response, status, `<Error><Code>${code}</Code>${message}${where}<RequestId>1</RequestId></Error>`, {
    ...(region !== undefined && { 'x-amz-bucket-region': region }),
    ...headers,
  });
}

export function sendXml(
  response: ServerResponse,
  status: number,
  element: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${element}`;
  response.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
