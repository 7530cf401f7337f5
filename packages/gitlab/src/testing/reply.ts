import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Answers as Grape does: one JSON text. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with `{"message": "…"}`. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { message });
}

/**
 * Answers with one page of `items` and the headers of GitLab's offset pagination.
 * @see https://docs.gitlab.com/api/rest/#offset-based-pagination
 */
export function sendPage(response: ServerResponse, url: URL, items: readonly unknown[]): void {
  const perPage = Math.min(100, Math.max(1, Number(url.searchParams.get('per_page') ?? 20)));
  const page = Math.max(1, Number(url.searchParams.get('page') ?? 1));
  const totalPages = Math.max(1, Math.ceil(items.length / perPage));
  const link = (target: number, relation: string): string => {
    const other = new URL(url);
    other.searchParams.set('page', String(target));
    other.searchParams.set('per_page', String(perPage));
    return `<${other.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < totalPages ? [link(page + 1, 'next')] : []),
    link(1, 'first'),
    link(totalPages, 'last'),
  ];
  response.setHeader('link', links.join(', '));
  response.setHeader('x-page', page);
  response.setHeader('x-per-page', perPage);
  response.setHeader('x-next-page', page < totalPages ? page + 1 : '');
  response.setHeader('x-prev-page', page > 1 ? page - 1 : '');
  response.setHeader('x-total', items.length);
  response.setHeader('x-total-pages', totalPages);
  sendJson(response, 200, items.slice((page - 1) * perPage, page * perPage));
}

/**
 * Answers with a file, or the end of it that a `Range: bytes=N-` header requests; breaks off after
 * `breakAfter` bytes.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  breakAfter?: number,
): Promise<void> {
  const { size } = await stat(path);
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const start = range === undefined ? 0 : Number(range);
  if (range !== undefined && start >= size) {
    response.writeHead(416, { 'content-range': `bytes */${String(size)}` });
    response.end();
    return;
  }
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': size - start,
    'accept-ranges': 'bytes',
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${String(start)}-${String(size - 1)}/${String(size)}` }),
  });
  if (breakAfter !== undefined) {
    for await (const chunk of createReadStream(path, { start, end: start + breakAfter - 1 }))
      response.write(chunk);
    response.socket?.end();
    return;
  }
  // The client can stop reading at any time.
  await pipeline(createReadStream(path, { start }), response).catch(() => undefined);
}
