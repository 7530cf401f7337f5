import type { IncomingHttpHeaders } from 'node:http';

/** A job of a pipeline, as the API tells it. */
export interface FakeJob {
  readonly name: string;
  /** As GitLab has them: created, pending, running, success, failed, canceled, skipped, manual, … */
  readonly status: string;
  /** Default: the position in the list; a greater one is newer. */
  readonly id?: number;
  /** A newer attempt of the same job took its place: told only with `include_retried`. */
  readonly isRetried?: boolean;
}

/** A file of a generic package, newest last. */
export interface FakePackageFile {
  readonly id: number;
  readonly packageId: number;
  readonly packageName: string;
  readonly packageVersion: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly createdAt: number;
  /** Where its bytes are on this machine; a test may spoil them. */
  readonly path: string;
}

/** Which token a request carried. `wrong`: one that this server never gave out. */
export type TokenKind = 'job' | 'access' | 'wrong' | 'none';

/** A request that has been answered. */
export interface FakeRequest {
  readonly method: string;
  /** Below `/api/v4`, decoded, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly token: TokenKind;
  readonly status: number;
  /** Of the body of the request, as far as it came. */
  readonly bytesReceived: number;
}

/** What the server does instead of answering. */
export interface FakeFailure {
  /** Default: any. */
  readonly method?: string;
  /** Matched against {@link FakeRequest.path}; default: any. */
  readonly path?: RegExp;
  /** How many requests it meets (default 1). */
  readonly times?: number;
  /** `reset`: the connection breaks without an answer. */
  readonly status: number | 'reset';
  /** Value of the `Retry-After` header. */
  readonly retryAfter?: string;
}

/** What may be changed while the server runs. */
export interface FakeSettings {
  /** The group's setting: the same file may be uploaded again (default true). */
  allowsDuplicates: boolean;
  /** The largest file in bytes (default 5 GB). */
  maxFileBytes: number;
  /**
   * `redirect`: downloads lead to the object storage, another origin (default); `inline`: GitLab sends the
   * bytes.
   */
  downloads: 'redirect' | 'inline';
  /** Before every answer (ms, default 0). */
  latencyMs: number;
  /** `false`: as GitLab before it let job tokens list jobs (default true). */
  jobTokenListsJobs: boolean;
  /** `true`: the user who started the job is a maintainer (default false). */
  jobTokenDeletes: boolean;
  /** `true`: uploads are stored with a bit flipped (default false). */
  spoilsUploads: boolean;
  /** `false`: the package registry is off for this project (default true). */
  hasPackages: boolean;
}

export interface FakePackage {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  status: string;
  readonly createdAt: number;
}

/** Everything the server knows. */
export interface FakeState {
  readonly projectId: number;
  readonly jobToken: string;
  readonly accessToken: string;
  readonly settings: FakeSettings;
  readonly packages: Map<number, FakePackage>;
  readonly files: Map<number, FakePackageFile>;
  readonly jobs: Map<number, readonly FakeJob[]>;
  readonly failures: { readonly failure: FakeFailure; left: number }[];
  /** After how many bytes the next downloads from the object storage break off. */
  readonly breaks: number[];
  /** Signatures of download URLs that were given out, with the file each is for. */
  readonly signatures: Map<string, FakePackageFile>;
  readonly dir: string;
  storageUrl: string;
  /** How far the server's clock is ahead (ms). */
  aheadMs: number;
  lastId: number;
}

/** The server's clock (ms since the epoch). */
export function serverNow({ aheadMs }: FakeState): number {
  return Date.now() + aheadMs;
}

/** An id that was never given out before. */
export function nextId(state: FakeState): number {
  state.lastId += 1;
  return state.lastId;
}
