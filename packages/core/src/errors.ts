/** Stable and documented in docs/errors.md; tests assert these, never message texts. */
export const errorCodes = [
  // usage and configuration
  'USAGE',
  'CONFIG_INVALID',
  'REFERENCE_INVALID',
  'PLATFORM_INVALID',
  'DISCOVERY_FAILED',
  'VARIABLE_MISSING',
  'LOCK_INVALID',
  'LOCK_DRIFT',
  'PREPARE_FAILED',
  // content
  'DIGEST_INVALID',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'MANIFEST_INVALID',
  'MANIFEST_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'SCHEMA1_UNSUPPORTED',
  'PLATFORM_NOT_FOUND',
  // bundle
  'BUNDLE_INVALID',
  'BUNDLE_VERSION_UNSUPPORTED',
  'BUNDLE_UNSAFE',
  'BUNDLE_BUSY',
  'SIGNATURE_MISSING',
  'SIGNATURE_INVALID',
  'BLOB_MISSING',
  'DISK_FULL',
  'STORE_IO',
  // packs
  'PACK_INVALID',
  'PACK_UNTRUSTED',
  'PACK_TOOL_MISSING',
  'PACK_LAYER_UNSUPPORTED',
  'PACK_WRITE_FAILED',
  // registry
  'REGISTRY_UNREACHABLE',
  'REGISTRY_UNAUTHORIZED',
  'REGISTRY_DENIED',
  'REGISTRY_NOT_FOUND',
  'TAG_NOT_FOUND',
  'REGISTRY_RATE_LIMITED',
  'REGISTRY_PROTOCOL',
  'CREDENTIALS_INVALID',
  // engine
  'ENGINE_UNREACHABLE',
  'ENGINE_TOO_OLD',
  'ENGINE_CONFIG_INVALID',
  'ENGINE_LOAD_FAILED',
  'ENGINE_LAYER_MISSING',
  'ENGINE_IMAGE_MISMATCH',
  'ENGINE_PULL_FAILED',
  'ENGINE_IMAGE_NOT_FOUND',
  'ENGINE_SAVE_FAILED',
  'ENGINE_API',
  // mount delivery and private engines
  'MOUNT_UNAVAILABLE',
  'MOUNT_FAILED',
  'CONTAINERD_API',
  'ENGINE_HELPER_FAILED',
  'ENGINE_LOCKED',
  'ENGINE_START_FAILED',
  'DATA_ROOT_INCOMPATIBLE',
  'STORAGE_UNAVAILABLE',
  // handover and rendezvous
  'TRANSPORT_UNSUPPORTED',
  'TRANSPORT_UNREACHABLE',
  'TRANSPORT_DENIED',
  'TRANSPORT_IO',
  'STATUS_INVALID',
  'NOT_AVAILABLE',
  'TIMED_OUT',
  'ABORTED',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface DrayErrorOptions {
  /** One imperative sentence: what the user can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Machine-readable facts for `--json`; never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * An expected error: `cannot <verb> <object> [to|from <location>]: <reason>`, with a code and perhaps a hint.
 */
export class DrayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: DrayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** Wrong usage or configuration: the CLI exits with 2. */
export class UsageError extends DrayError {}

/** Text that is not an image reference; `REFERENCE_INVALID`. The CLI exits with 2. */
export class InvalidReferenceError extends UsageError {}

/** Bytes that do not match their digest, size or media type. */
export class IntegrityError extends DrayError {}

/** The engine refused, failed or cannot be reached. */
export class EngineError extends DrayError {}

export interface RegistryErrorOptions extends DrayErrorOptions {
  /** HTTP status, if there was a response. */
  readonly status?: number | undefined;
  /** `errors[].code` of the response body, as in distribution-spec v1.1 "Error Codes". */
  readonly ociCodes?: readonly string[] | undefined;
}

/** The registry refused, failed or cannot be reached. */
export class RegistryError extends DrayError {
  readonly status: number | undefined;
  readonly ociCodes: readonly string[];

  constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status;
    this.ociCodes = options.ociCodes ?? [];
  }
}

/** Which end of a copy failed. */
export type TransferSide = 'source' | 'destination';

export interface TransferErrorOptions extends DrayErrorOptions {
  readonly operation: string;
  readonly side: TransferSide;
  readonly digest?: string | undefined;
  /** Where that side is, without credentials. */
  readonly location?: string | undefined;
}

/** A failed step of moving a blob or document; names the operation and the failing side. */
export class TransferError extends DrayError {
  readonly operation: string;
  readonly side: TransferSide;
  readonly digest: string | undefined;
  readonly location: string | undefined;

  constructor(code: ErrorCode, message: string, options: TransferErrorOptions) {
    super(code, message, options);
    this.operation = options.operation;
    this.side = options.side;
    this.digest = options.digest;
    this.location = options.location;
  }
}

/** True when `error` is a {@link DrayError} with one of `codes`, or with any code when `codes` is empty. */
export function isDrayError(error: unknown, ...codes: readonly ErrorCode[]): error is DrayError {
  return error instanceof DrayError && (codes.length === 0 || codes.includes(error.code));
}

/** The `code` of a Node.js system error (`ENOENT`, `ECONNREFUSED`, …), else undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A one-line reason for any thrown value, to follow the colon in a message. */
export function reasonOf(error: unknown): string {
  if (
    typeof error === 'object' &&
    error !== null &&
    'message' in error &&
    typeof error.message === 'string'
  ) {
    const inner = error.message === '' ? systemErrorCode(error) : error.message;
    return inner ?? 'unknown error';
  }
  return String(error);
}

/**
 * A `DISK_FULL` for a system error that means it and that no code has described; any other error as it is.
 * `path` names the file where the system error does not.
 */
export function describeDiskFull(error: unknown, path?: string): unknown {
  if (error instanceof DrayError || !['ENOSPC', 'EDQUOT'].includes(systemErrorCode(error) ?? ''))
    return error;
  const named = error instanceof Error && 'path' in error ? error.path : undefined;
  const file = path ?? (typeof named === 'string' ? named : 'a file');
  return new DrayError('DISK_FULL', `cannot write ${file}: the disk is full`, {
    hint: 'Free some space there, and run the command again.',
    cause: error,
  });
}
