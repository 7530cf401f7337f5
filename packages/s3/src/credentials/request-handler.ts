import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createConnections, type ConnectionOptions } from '@drayage/http';
import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@smithy/types';

/** What connections are made with. */
export type Reach = Pick<ConnectionOptions, 'ca' | 'proxyFor' | 'timeouts' | 'userAgent'>;

/** The headers of an answer that the SDK reads. */
const knownHeaders = ['content-type', 'date', 'x-amzn-errortype', 'x-amzn-requestid'];

/**
 * Makes the SDK send its few requests for credentials over our connections: it knows no proxy and no CA
 * certificates. Each request has connections of its own, so there is nothing to close.
 */
export function createRequestHandler(reach: Reach): RequestHandler<
  HttpRequest,
  HttpResponse,
  HttpHandlerOptions
> & {
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Readonly<Record<string, never>>;
} {
  return {
    async handle(request, { abortSignal } = {}) {
      const connections = createConnections(reach);
      const abort = new AbortController();
      if (abortSignal !== undefined) abortSignal.onabort = () => abort.abort();
      const { method, headers } = request;
      const body: unknown = request.body;
      try {
        const response = await connections.send({
          ...{ method, url: urlOf(request), signal: abort.signal },
          // The connection sets it.
          headers: Object.fromEntries(
            Object.entries(headers).filter(([name]) => !/^(host|content-length)$/i.test(name)),
          ),
          body: typeof body === 'string' || body instanceof Uint8Array ? body : undefined,
        });
        const bytes = await buffer(response.body);
        const pairs = knownHeaders.map((name) => [name, response.header(name)] as const);
        const known = pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
        const answer = {
          statusCode: response.status,
          headers: Object.fromEntries(known),
          body: Readable.from([bytes]),
        };
        return { response: answer };
      } finally {
        await connections.close();
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path, query }: HttpRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${String(port)}`}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of [value ?? ''].flat()) url.searchParams.append(name, one);
  }
  return url;
}
