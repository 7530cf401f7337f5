import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Checksum, SourceData } from '@smithy/types';
import type { S3Credentials } from '../credentials/credentials.ts';

export interface SignableRequest {
  readonly method: string;
  /** Its query is signed, too. */
  readonly url: URL;
  /** Of the body, hexadecimal. */
  readonly sha256: string;
}

export interface SigningContext {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly date: Date;
}

/**
 * The headers that sign a request by Signature Version 4. Host, date, session token and the hash of the body
 * are signed, nothing else: servers and proxies may change other headers (Google's changes
 * `accept-encoding`).
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export async function signedHeaders(
  { method, url, sha256 }: SignableRequest,
  { credentials, region, date }: SigningContext,
): Promise<Readonly<Record<string, string>>> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    sha256: Sha256,
    // The path is encoded once: S3 is the exception among the services.
    uriEscapePath: false,
  });
  const { headers } = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, 'x-amz-content-sha256': sha256 },
    },
    { signingDate: date },
  );
  return headers;
}

interface Hashing {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** SHA-256 of Node.js in the form that the signer wants. */
class Sha256 implements Checksum {
  readonly #secret: Uint8Array | undefined;
  #hash: Hashing;

  constructor(secret?: SourceData) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
    this.#hash = this.#create();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#create();
  }

  #create(): Hashing {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: SourceData): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
