import { DrayError, reasonOf } from './errors.ts';
import { printable } from './redact.ts';

/** An error as documents and reports carry it: no stack, nothing secret. */
export interface ErrorSummary {
  /** An {@link ErrorCode}, or `INTERNAL` for an error we did not expect. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What a report says of `error`. */
export function summarizeError(error: unknown): ErrorSummary {
  if (!(error instanceof DrayError)) return { code: 'INTERNAL', message: printable(reasonOf(error)) };
  return {
    code: error.code,
    message: printable(error.message),
    hint: error.hint,
  };
}
