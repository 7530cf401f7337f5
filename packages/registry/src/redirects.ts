import type { Connections, HttpRequest, HttpResponse } from './connections.ts';
import { discard } from './connections.ts';

/** An answer after redirects. */
export interface FinalResponse extends HttpResponse {
  /** True once another origin took part: what it says is not the registry's word, and it never sees the registry's credentials. */
  readonly isForeign: boolean;
}

/** A redirect that leads nowhere; told to users by whoever knows what was being done. */
export class RedirectError extends Error {}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 10;

/**
 * Sends a GET or HEAD and follows its redirects. `authorization` goes to the origin of `request.url` only, and is not taken up again
 * when a later redirect leads back. Blobs live in object stores, some of them on plain HTTP behind a registry with TLS; as docker does,
 * that is followed: no credential goes there, and what comes back is checked against its digest. Certificates of other origins are
 * verified, except where `isInsecure` allows otherwise.
 * @throws RedirectError for more than 10 redirects, or one to no http(s) URL; UnansweredError
 */
export async function followRedirects(
  connections: Connections,
  request: HttpRequest,
  authorization: string | undefined,
  isInsecure: (host: string) => boolean,
): Promise<FinalResponse> {
  let url = request.url;
  let isForeign = false;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const credentials = authorization === undefined || isForeign ? {} : { authorization };
    const verifiesTls = isForeign ? !isInsecure(url.host) : request.verifiesTls;
    const response = await connections.send({
      ...request,
      url,
      verifiesTls,
      headers: { ...request.headers, ...credentials },
    });
    if (!redirectStatuses.has(response.status)) return { ...response, isForeign };
    await discard(response);
    url = target(response.header('location'), url);
    isForeign ||= url.origin !== request.url.origin;
  }
  throw new RedirectError(`more than ${String(maxRedirects)} redirects`);
}

// The location may carry a signature that is as good as a password, so no message quotes it.
function target(location: string | undefined, base: URL): URL {
  if (location === undefined) throw new RedirectError('a redirect without a location');
  if (!URL.canParse(location, base.href)) throw new RedirectError('a redirect to something that is no URL');
  const url = new URL(location, base);
  if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  throw new RedirectError(`a redirect to a ${url.protocol} URL`);
}
