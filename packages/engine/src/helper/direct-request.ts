import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isObject } from '@drayage/core';
import type { Connection } from '../connection.ts';
import { hostHeader, tlsOptions } from '../docker-client.ts';
import { singleSshAgent } from '../ssh/ssh-agent.ts';

// An engine's message has a line or two.
const maxAnswerBytes = 64 * 1024;

/** A request on its own connection, bypassing dockerode; `path` starts after the API version. */
export function directRequest(
  { endpoint, requestApiVersion }: Connection,
  path: string,
  options: RequestOptions,
): ClientRequest {
  const { address } = endpoint;
  const own = { ...options, agent: false, path: `/v${requestApiVersion}${path}` };
  if (address.kind === 'unix') return httpRequest({ ...own, socketPath: address.socketPath });
  if (address.kind === 'ssh') {
    return httpRequest({ ...own, host: hostHeader, agent: singleSshAgent(endpoint, address) });
  }
  const { host, port, tls } = address;
  if (tls === undefined) return httpRequest({ ...own, host, port });
  return httpsRequest({ ...own, host, port, ...tlsOptions(tls) });
}

/** The error for an unexpected response; it has a `statusCode`, like dockerode's errors. */
export async function refusal(response: IncomingMessage): Promise<Error> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    if (text.length < maxAnswerBytes) text += String(chunk);
  }
  return Object.assign(new Error(messageOf(text)), { statusCode: response.statusCode });
}

function messageOf(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (isObject(answer) && typeof answer['message'] === 'string') return answer['message'];
  } catch {
    // Not JSON: proxies answer with HTML.
  }
  return text.trim();
}
