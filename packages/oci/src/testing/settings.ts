/** What a strict registry does otherwise than docker-registry. All can be changed while it runs. */
export interface StrictSettings {
  /** The largest PATCH (bytes), 416 beyond it; 0: PATCH is not supported at all. */
  maxChunkBytes: number;
  /** The types of configs and layers that a manifest may have; undefined: any. */
  allowedTypes: readonly string[] | undefined;
  /** False: 405 on every DELETE. */
  deletes: boolean;
  /** True: blobs are read from another origin, which answers 400 to a request with `Authorization`. */
  redirects: boolean;
  /** The largest body of an upload (bytes), 413 beyond it. */
  maxUploadBytes: number;
  /** True: `POST …/uploads/?mount=` takes a blob from another repository. */
  mounts: boolean;
  /** Bearer tokens are demanded, and are good for this time (s); undefined: none are. */
  tokenSec: number | undefined;
}

export const strictDefaults: StrictSettings = {
  maxChunkBytes: 4 * 1024 * 1024,
  allowedTypes: undefined,
  deletes: true,
  redirects: false,
  maxUploadBytes: Number.POSITIVE_INFINITY,
  mounts: true,
  tokenSec: undefined,
};

/** What goes wrong with a request that would have been answered right. */
export interface StrictFault {
  readonly method: string;
  readonly path: RegExp;
  /** How many requests it strikes. */
  readonly times: number;
  readonly effect:
    | { readonly kind: 'status'; readonly status: number }
    /** The connection is cut after this many bytes of the request's or of the answer's body. */
    | { readonly kind: 'reset'; readonly afterBytes: number };
}

/** One request as it was answered. */
export interface StrictRequest {
  readonly origin: 'registry' | 'storage';
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly hasAuthorization: boolean;
  readonly status: number;
}
