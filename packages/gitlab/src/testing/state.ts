import type { IncomingHttpHeaders } from 'node:http';

/** A job of a pipeline, in the API's format. */
export interface FakeJob {
  readonly name: string;
  /** GitLab's statuses: created, pending, running, success, failed, canceled, skipped, manual, … */
  readonly status: string;
  /** Default: the position in the list; a greater one is newer. */
  readonly id?: number;
  /** A newer attempt has replaced it; listed only with `include_retried`. */
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
  /** The path of its bytes on this machine; a test can damage them. */
  readonly path: string;
}

/** The token of a request. `wrong`: not issued by this server. */
export type TokenKind = 'job' | 'access' | 'wrong' | 'none';

/** A request after its response. */
export interface FakeRequest {
  readonly method: string;
  /** Below `/api/v4`, decoded, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly token: TokenKind;
  readonly status: number;
  /** Received bytes of the request's body. */
  readonly bytesReceived: number;
}

/** A failure in place of a response. */
export interface FakeFailure {
  /** Default: any. */
  readonly method?: string;
  /** Matched against {@link FakeRequest.path}; default: any. */
  readonly path?: RegExp;
  /** How many requests it affects (default 1). */
  readonly times?: number;
  /** `reset`: the connection breaks without a response. */
  readonly status: number | 'reset';
  /** Value of the `Retry-After` header. */
  readonly retryAfter?: string;
}

/** Settings that can change while the server runs. */
export interface FakeSettings {
  /** The group's setting: allows uploading the same file again (default true). */
  allowsDuplicates: boolean;
  /** The largest file in bytes (default 5 GB). */
  maxFileBytes: number;
  /**
   * `redirect`: redirects downloads to the object storage, another origin (default); `inline`: GitLab sends
   * the bytes.
   */
  downloads: 'redirect' | 'inline';
  /** Delay before every response (ms, default 0). */
  latencyMs: number;
  /** `false`: like GitLab versions in which job tokens cannot list jobs (default true). */
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

/** The state of the server. */
export interface FakeState {
  readonly projectId: number;
  readonly jobToken: string;
  readonly accessToken: string;
  readonly settings: FakeSettings;
  readonly packages: Map<number, FakePackage>;
  readonly files: Map<number, FakePackageFile>;
  readonly jobs: Map<number, readonly FakeJob[]>;
  readonly failures: { readonly failure: FakeFailure; left: number }[];
  /** The number of bytes after which the next downloads from the object storage break off. */
  readonly breaks: number[];
  /** Signatures of issued download URLs, with their files. */
  readonly signatures: Map<string, FakePackageFile>;
  readonly dir: string;
  storageUrl: string;
  /** The offset of the server's clock (ms). */
  aheadMs: number;
  lastId: number;
}

/** The server's clock (ms since the epoch). */
export function serverNow({ aheadMs }: FakeState): number {
  return Date.now() + aheadMs;
}

/** A new unique id. */
export function nextId(state: FakeState): number {
  state.lastId += 1;
  return state.lastId;
}
