import { UsageError, printable, redactUrl } from '@drayage/core';

/** What `https://HOST/PATH?…` says. */
export interface HttpLocation {
  /** Ends in a slash; without user information and query. */
  readonly base: URL;
  /** Added to each request, without the question mark: a signature that is valid for all files. Secret. */
  readonly query: string;
  /** From the user information of the URL. Secret. */
  readonly login: Login | undefined;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** @throws UsageError `USAGE` for a URL that is not of HTTP */
export function parseHttpLocation(text: string): HttpLocation {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UsageError(
      'USAGE',
      `cannot hand over through ${printable(redactUrl(text), 200)}: it is not an http or https URL`,
      { hint: 'Write it as https://HOST/PATH.' },
    );
  }
  const { username, password } = url;
  return {
    base: new URL(`${url.origin}${url.pathname.replace(/\/*$/, '/')}`),
    query: url.search.slice(1),
    login:
      username === ''
        ? undefined
        : { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}
