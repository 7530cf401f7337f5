import { discard } from './bodies.ts';
import type { Connections, HttpRequest, HttpResponse } from './connections.ts';

/** A response after redirects. */
export interface FinalResponse extends HttpResponse {
  /**
   * True if another origin took part: the response is not from the first server alone, and it never got the
   * credentials.
   */
  readonly isForeign: boolean;
}

/** A redirect that cannot be followed. Drivers add what they were doing. */
export class RedirectError extends Error {
  /** `host[:port]` that sent it. */
  readonly host: string;

  constructor(host: string, message: string) {
    super(message);
    this.host = host;
  }
}

export interface RedirectOptions {
  /** Headers for the origin of the first URL only, such as `authorization`. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** True for a host (`host[:port]`) whose certificate is not verified; default: none. */
  readonly isInsecure?: ((host: string) => boolean) | undefined;
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 10;

/**
 * Sends a request and follows the redirects of a GET or HEAD. `credentials` go to the origin of `request.url`
 * only, and are not sent again when a later redirect leads back. Redirects from https to plain http are
 * followed, as docker does: object stores need it, no credential goes there, and callers verify digests.
 * @throws RedirectError for more than 10 redirects, or one to anything but an http(s) URL; UnansweredError
 */
export async function followRedirects(
  connections: Connections,
  request: HttpRequest,
  { credentials, isInsecure = () => false }: RedirectOptions = {},
): Promise<FinalResponse> {
  const mayFollow = request.method === 'GET' || request.method === 'HEAD';
  let url = request.url;
  let isForeign = false;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await connections.send({
      ...request,
      url,
      verifiesTls: isForeign ? !isInsecure(url.host) : request.verifiesTls,
      headers: { ...request.headers, ...(isForeign ? {} : credentials) },
    });
    if (!mayFollow || !redirectStatuses.has(response.status)) return { ...response, isForeign };
    await discard(response);
    url = targetOf(response);
    isForeign ||= url.origin !== request.url.origin;
  }
  throw new RedirectError(url.host, `more than ${String(maxRedirects)} redirects`);
}

// The location can contain a signature, which is as secret as a password, so no message quotes it.
function targetOf({ url: base, header }: HttpResponse): URL {
  const location = header('location');
  if (location === undefined) throw new RedirectError(base.host, 'a redirect without a location');
  if (!URL.canParse(location, base.href)) throw new RedirectError(base.host, 'a redirect to an invalid URL');
  const url = new URL(location, base);
  if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  throw new RedirectError(base.host, `a redirect to a ${url.protocol} URL`);
}
