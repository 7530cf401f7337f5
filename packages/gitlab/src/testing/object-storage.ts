import type { IncomingMessage, ServerResponse } from 'node:http';
import { tokenHeaders } from './access.ts';
import { sendFile } from './reply.ts';
import type { FakeState } from './state.ts';

/** A request to the object storage with a GitLab token. */
export interface LeakedToken {
  readonly path: string;
  /** The header with the token. */
  readonly header: string;
}

/** The other origin: serves signed URLs, and refuses requests that carry a token. */
export async function serveStorage(
  state: FakeState,
  leaks: LeakedToken[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', state.storageUrl);
  const leaked = tokenHeaders.filter((name) => request.headers[name] !== undefined);
  leaks.push(...leaked.map((header) => ({ path: url.pathname, header })));
  const file = state.signatures.get(url.searchParams.get('X-Amz-Signature') ?? '');
  const isMeant = request.method === 'GET' && url.pathname === `/packages/${String(file?.id ?? '')}`;
  if (leaked.length > 0 || file === undefined || !isMeant) {
    // S3 also refuses requests that are authorized in two ways.
    response.writeHead(leaked.length > 0 ? 400 : 403, { 'content-type': 'application/xml' });
    response.end('<Error/>');
    return;
  }
  await sendFile(request, response, file.path, state.breaks.shift());
}
