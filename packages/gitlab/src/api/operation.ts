import { TransferError, type ErrorCode, type TransferSide } from '@drayage/core';

/** The current operation, for messages. */
export interface Operation {
  /** As after "cannot": `write blob sha256:… to https://gitlab.example/…`. */
  readonly title: string;
  /** The verb of the port. */
  readonly name: string;
  readonly side: TransferSide;
  readonly digest?: string | undefined;
}

/** `cannot TITLE: REASON`, with the side that failed. */
export function operationError(
  { title, name, side, digest }: Operation,
  code: ErrorCode,
  reason: string,
  more: {
    readonly hint?: string | undefined;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly cause?: unknown;
  } = {},
): TransferError {
  return new TransferError(code, `cannot ${title}: ${reason}`, { operation: name, side, digest, ...more });
}
