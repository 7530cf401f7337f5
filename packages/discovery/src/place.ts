/** Where a text stands: an absolute path and a line, from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What went wrong while a text was expanded; it matters only if the text is used. */
export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly reason: string;
  readonly hint?: string | undefined;
}
