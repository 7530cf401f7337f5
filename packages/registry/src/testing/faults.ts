/** The kind of a request. `storage` is a blob behind a redirect, on either origin. */
export type RequestKind = 'ping' | 'manifest' | 'blob' | 'tags' | 'token' | 'storage' | 'other';

/** A request, after its response. */
export interface RequestLogEntry {
  /** The registry's own origin, or the other one, a target of redirects. */
  readonly origin: 'registry' | 'storage';
  readonly kind: RequestKind;
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Body of the request, at most a few KiB. */
  readonly body: string;
  readonly status: number;
  /** Bytes of the body that the server has written so far. */
  readonly bytes: number;
}

/** How to damage a correct response. */
export type FaultEffect =
  /** A different response: 429 with `retry-after`, 503, 405 for HEAD. */
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
  /** Sends only the first bytes of the body, with a matching header. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Appends this many bytes to the body, with a matching header. */
  | { readonly kind: 'extra'; readonly bytes: number }
  /** Cuts the connection after this many bytes of the body; -1: before the header. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The body stops after this many bytes until `gate` resolves. */
  | { readonly kind: 'gate'; readonly afterBytes: number; readonly gate: Promise<void> }
  /** The body comes byte by byte, with pauses. */
  | { readonly kind: 'drip'; readonly pauseMs: number }
  /** Sends the whole blob with 200, and ignores the range. */
  | { readonly kind: 'ignoreRange' }
  /**
   * Replaces headers, or removes them if the value is undefined. Without `content-length`, the body
   * comes in chunks.
   */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | undefined>> };

/** A fault, and the requests it affects. */
export interface Fault {
  readonly effect: FaultEffect;
  readonly kind?: RequestKind;
  readonly method?: string;
  readonly path?: RegExp;
  /** How many requests it affects; absent: all. */
  readonly times?: number;
}

/** The planned faults; the first match affects a request. */
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
