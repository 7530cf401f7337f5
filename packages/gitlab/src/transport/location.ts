import { UsageError, printable, redactUrl } from '@drayage/core';

/** How long blobs are kept. */
export type Keep =
  /** Shared by the pipelines of the project, and deleted when they are older than this (ms). */
  | { readonly kind: 'age'; readonly ms: number }
  /** Each pipeline has its own blobs, which can be deleted as a whole. */
  | { readonly kind: 'pipeline' };

/** The parsed `gitlab://packages/NAME?keep=…`. */
export interface GitlabLocation {
  /** Of the generic package. */
  readonly packageName: string;
  readonly keep: Keep;
}

const hourMs = 3_600_000;
const unitMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };

/** How long blobs are kept by default (ms): a week. */
export const defaultKeepMs: number = 7 * 24 * hourMs;

// GitLab's rule, but without a leading dot. @see
// https://docs.gitlab.com/user/packages/generic_packages/
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;

/** @throws UsageError `USAGE` that names the mistake in the URL */
export function parseGitlabLocation(text: string): GitlabLocation {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'gitlab:' || url.host !== 'packages') {
    throw invalid(text, 'only gitlab://packages is supported');
  }
  if (url.username !== '' || url.password !== '') throw invalid(text, 'it must not contain a token');
  for (const key of url.searchParams.keys()) {
    if (key !== 'keep') throw invalid(text, `"${printable(key, 100)}" is not a known setting`);
  }
  return {
    packageName: parseName(text, url.pathname),
    keep: parseKeep(text, url.searchParams.getAll('keep')),
  };
}

function parseName(text: string, pathname: string): string {
  const name = pathname.replace(/^\//, '').replace(/\/$/, '');
  if (name === '') return 'drayage';
  if (namePattern.test(name)) return name;
  throw invalid(text, `"${printable(name, 100)}" is not a valid name of a generic package`);
}

function parseKeep(text: string, values: readonly string[]): Keep {
  const [value, ...others] = values;
  if (others.length > 0) throw invalid(text, '"keep" is repeated');
  if (value === undefined) return { kind: 'age', ms: defaultKeepMs };
  if (value === 'pipeline') return { kind: 'pipeline' };
  const [, count = '', unit = ''] = /^([1-9]\d{0,3})([hdw])$/.exec(value) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) {
    throw invalid(
      text,
      `keep=${printable(value, 100)} is neither "pipeline" nor an age such as 12h, 7d or 2w`,
    );
  }
  return { kind: 'age', ms };
}

function invalid(text: string, reason: string): UsageError {
  return new UsageError('USAGE', `cannot hand over through ${printable(redactUrl(text), 200)}: ${reason}`, {
    hint: 'Write it as gitlab://packages, gitlab://packages/NAME or gitlab://packages?keep=3d.',
  });
}
