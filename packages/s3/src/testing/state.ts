import type { IncomingHttpHeaders } from 'node:http';
import type { SigningKey } from './signature.ts';
import type { ObjectStore } from './store.ts';

/** What a server allows. */
export interface S3Settings {
  region: string;
  /** Most objects on one page of a listing. */
  maxKeys: number;
  maxParts: number;
  /** All parts but the last at least (bytes). */
  minPartBytes: number;
  /** Deleting is refused. */
  isDeleteDenied: boolean;
  /** What is absent answers 403, as S3 does without the right to list. */
  hidesAbsence: boolean;
  /** In all (bytes). */
  capacityBytes: number;
}

/** A planned failure of the next matching requests. */
export interface S3Failure {
  readonly method?: string | undefined;
  /** Matches the key. */
  readonly key?: RegExp | undefined;
  /** Matches the query. */
  readonly query?: RegExp | undefined;
  /**
   * `reset`: ends the connection before the answer; `reset-after`: does what was asked first; `break`: ends
   * it after `bytes` of the body of the request, or of the answer to a GET.
   */
  readonly status: number | 'reset' | 'reset-after' | 'break';
  readonly code?: string | undefined;
  readonly retryAfter?: string | undefined;
  readonly bytes?: number | undefined;
  /** Default 1. */
  readonly times?: number | undefined;
}

/** A request that has been answered. */
export interface S3Exchange {
  readonly method: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
  readonly bytesReceived: number;
}

export interface S3State {
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly settings: S3Settings;
  readonly failures: { readonly failure: S3Failure; left: number }[];
  key: SigningKey;
  /** By how much the server's clock is ahead of this machine's (ms). */
  aheadMs: number;
}

export function serverNow({ aheadMs }: S3State): number {
  return Date.now() + aheadMs;
}
