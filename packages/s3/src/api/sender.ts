import { createHash } from 'node:crypto';
import { DrayError, reasonOf } from '@drayage/core';
import {
  operationError,
  quotable,
  type Clock,
  type Connections,
  type HttpResponse,
  type Operation,
} from '@drayage/http';
import type { CredentialSource, S3Credentials } from '../credentials/credentials.ts';
import type { Correction } from './corrections.ts';
import { objectUrl, queryString, type BucketAddress } from './endpoint.ts';
import { signedHeaders } from './sign.ts';

/** A request for an object of the bucket, or for the bucket itself. */
export interface S3Request {
  readonly method: string;
  /** Empty: the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Not signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
  /** Of the body, hexadecimal, if the caller knows it. */
  readonly sha256?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An answer, and what the request was signed with. */
export interface SentRequest {
  readonly response: HttpResponse;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  readonly region: string;
  /** What messages must not repeat. */
  readonly secrets: readonly string[];
}

/** Signs and sends requests. */
export interface Sender {
  readonly host: string;
  /** @throws TransferError `TRANSPORT_DENIED` without credentials; UnansweredError */
  send(operation: Operation, request: S3Request): Promise<SentRequest>;
  /** Changes all further requests. */
  correct(correction: Correction): void;
}

export interface SenderOptions {
  readonly connections: Connections;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly region: string;
}

const emptySha256 = createHash('sha256').digest('hex');

export function createSender(address: BucketAddress, options: SenderOptions): Sender {
  const { connections, credentials: source, clock } = options;
  let { region } = options;
  /** By how much the server's clock is ahead (ms). */
  let aheadMs = 0;
  let areRefused = false;
  return {
    get host() {
      return objectUrl(address, region, '').host;
    },
    async send(operation, { method, key, query = {}, headers, body, sha256, signal }) {
      const isFresh = areRefused;
      areRefused = false;
      const credentials = await credentialsFor(operation, source, isFresh);
      const sent = { signedAt: clock.now() + aheadMs, region };
      const url = objectUrl(address, region, key);
      url.search = queryString(query);
      const signature = await signedHeaders(
        { method, url, sha256: sha256 ?? (body === undefined ? emptySha256 : hashOf(body)) },
        { credentials, region, date: new Date(sent.signedAt) },
      );
      const request = { method, url, headers: { ...headers, ...signature }, body, signal };
      return { ...sent, secrets: secretsOf(credentials), response: await connections.send(request) };
    },
    correct(correction) {
      if (correction.kind === 'region') region = correction.region;
      if (correction.kind === 'clock') aheadMs = correction.serverTime - clock.now();
      if (correction.kind === 'credentials') areRefused = true;
    },
  };
}

async function credentialsFor(
  operation: Operation,
  source: CredentialSource,
  isFresh: boolean,
): Promise<S3Credentials> {
  try {
    return await source({ isFresh });
  } catch (error) {
    if (error instanceof DrayError) throw error;
    const reason = quotable(reasonOf(error), []);
    throw operationError(operation, 'TRANSPORT_DENIED', `no AWS credentials: ${reason}`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN in a job with an OIDC token.',
    });
  }
}

function secretsOf({ secretAccessKey, sessionToken }: S3Credentials): readonly string[] {
  return [secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])];
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
