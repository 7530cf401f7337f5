import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { throwIfAborted } from '@drayage/core';
import type { Connection } from '../connection.ts';
import { directRequest, refusal } from './direct-request.ts';

// Bypasses dockerode, which repeats the query as a body; a slow engine takes that for the program's input.
/**
 * Opens a raw connection to the engine by a POST with `body` as JSON. Errors have a `statusCode` when the
 * engine has responded.
 * @see Docker API v1.41, POST /containers/{id}/attach "Hijacking"
 */
export async function openHijacked(
  connection: Connection,
  path: string,
  { body, signal }: { readonly body?: object | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Duplex> {
  throwIfAborted(signal, `connect to a helper container on ${connection.endpoint.location}`);
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'tcp',
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(content),
  };
  const request = directRequest(connection, path, { method: 'POST', headers });
  const giveUp = (): void => {
    request.destroy();
  };
  signal?.addEventListener('abort', giveUp);
  try {
    return await upgraded(request, content);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

function upgraded(request: ClientRequest, content: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', (_response, socket, head) => {
      if (head.byteLength > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once('response', (response) => {
      notUpgraded(response).then(reject, reject);
    });
    request.end(content);
  });
}

async function notUpgraded(response: IncomingMessage): Promise<Error> {
  const { statusCode = 0 } = response;
  if (statusCode >= 400) return refusal(response);
  response.destroy();
  const reason = 'a proxy between here and the engine blocks raw connections';
  return Object.assign(new Error(reason), { statusCode });
}
