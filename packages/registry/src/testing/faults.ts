/** What a request is about. `storage` is a blob behind a redirect, on either origin. */
export type RequestKind = 'ping' | 'manifest' | 'blob' | 'tags' | 'token' | 'storage' | 'other';

/** One request as it was answered. */
export interface RequestLogEntry {
  /** The registry's own origin, or the other one that redirects can lead to. */
  readonly origin: 'registry' | 'storage';
  readonly kind: RequestKind;
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Body of the request, at most a few KiB. */
  readonly body: string;
  readonly status: number;
  /** Bytes of body written so far, as the server counts. */
  readonly bytes: number;
}

/** What goes wrong with an answer that would have been right. */
export type FaultEffect =
  /** Another answer altogether: 429 with `retry-after`, 503, 405 for HEAD. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array | ((request: RequestLogEntry) => string);
    }
  /** A redirect: to the same blob on the other origin or on this one, or to a URL. */
  | { readonly kind: 'redirect'; readonly to: 'storage' | 'self' | URL; readonly status?: number }
  /** The first byte differs. */
  | { readonly kind: 'corrupt' }
  /** Only the first bytes of the body come, and the header says that this is all. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** The body is followed by this many bytes more, which the header counts. */
  | { readonly kind: 'extra'; readonly bytes: number }
  /** The connection is cut after this many bytes of the body; before the header with -1. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The body stops after this many bytes until `gate` resolves. */
  | { readonly kind: 'gate'; readonly afterBytes: number; readonly gate: Promise<void> }
  /** The whole blob with 200, whatever range was asked for. */
  | { readonly kind: 'ignoreRange' }
  /**
   * Headers that are changed, or left out where the value is undefined. Without `content-length` the body
   * comes in chunks.
   */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | undefined>> };

/** A fault and the requests it strikes. */
export interface Fault {
  readonly effect: FaultEffect;
  readonly kind?: RequestKind;
  readonly method?: string;
  readonly path?: RegExp;
  /** How many requests it strikes; all when absent. */
  readonly times?: number;
}

/** The faults that are planned; each request is struck by the first that fits. */
export class FaultPlan {
  readonly #planned: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#planned.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  /** The effect on a request, counted as used. */
  take(request: Pick<RequestLogEntry, 'kind' | 'method' | 'path'>): FaultEffect | undefined {
    const planned = this.#planned.find(({ fault, left }) => left > 0 && strikes(fault, request));
    if (planned === undefined) return undefined;
    planned.left -= 1;
    return planned.fault.effect;
  }
}

function strikes(fault: Fault, request: Pick<RequestLogEntry, 'kind' | 'method' | 'path'>): boolean {
  return (
    (fault.kind === undefined || fault.kind === request.kind) &&
    (fault.method === undefined || fault.method === request.method) &&
    (fault.path === undefined || fault.path.test(request.path))
  );
}
