import { DrayError, describeDiskFull, reasonOf } from './errors.ts';
import { printable } from './redact.ts';

/** An error in documents and reports: no stack, no secrets. */
export interface ErrorSummary {
  /** An {@link ErrorCode}, or `INTERNAL` for an unexpected error. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function summarizeError(thrown: unknown): ErrorSummary {
  const error = describeDiskFull(thrown);
  if (!(error instanceof DrayError)) return { code: 'INTERNAL', message: printable(reasonOf(error)) };
  return {
    code: error.code,
    message: printable(error.message),
    hint: error.hint === undefined ? undefined : printable(error.hint),
  };
}
