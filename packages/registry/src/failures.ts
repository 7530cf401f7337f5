import type { ErrorCode } from '@drayage/core';
import {
  DrayError,
  RegistryError,
  isObject,
  maskSecrets,
  parseRetryAfter,
  printable,
  reasonOf,
  redactUrl,
  systemErrorCode,
} from '@drayage/core';
import { errors } from 'undici';
import type { HttpResponse } from './connections.ts';
import { ProxyRefusal, UnansweredError, readAtMost } from './connections.ts';
import { RedirectError } from './redirects.ts';

/** What is being done for the caller, for messages. */
export interface Operation {
  /** As after "cannot": `resolve ghcr.io/org/app:1`. */
  readonly title: string;
  readonly registry: string;
}

const maxErrorBodyBytes = 64 * 1024;

const certificateReasons = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate comes from an unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its certificate comes from an unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate comes from an unknown authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate comes from an unknown authority'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host'],
]);

const connectionReasons = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ENOTFOUND', 'the host name is not known'],
  ['EAI_AGAIN', 'the host name could not be looked up'],
  ['ECONNRESET', 'the connection was reset'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['EPROTO', 'it does not speak TLS'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'it does not speak TLS'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the connection timed out'],
  ['UND_ERR_HEADERS_TIMEOUT', 'it did not answer in time'],
  ['UND_ERR_BODY_TIMEOUT', 'it stopped sending'],
  ['UND_ERR_SOCKET', 'the connection was lost'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'the connection was lost'],
]);

const proxyRefusals = new Map([
  [403, 'the proxy does not allow it (403)'],
  [407, 'the proxy wants other credentials (407)'],
]);

/**
 * The error for a request that got no usable answer; `host` is who was asked when the error does not know. A {@link DrayError} comes back
 * as it is.
 */
export function connectionFailure(
  operation: Operation,
  host: string,
  error: unknown,
  proxyHost?: string,
): DrayError {
  if (error instanceof DrayError) return error;
  if (error instanceof UnansweredError) {
    return connectionFailure(operation, error.host, error.cause, error.proxyHost);
  }
  const { title, registry } = operation;
  const details = { registry, host, ...(proxyHost === undefined ? {} : { proxyHost }) };
  if (error instanceof RedirectError) {
    return new RegistryError('REGISTRY_PROTOCOL', `cannot ${title}: ${host} sent ${error.message}`, {
      details,
    });
  }
  const code = systemErrorCode(error) ?? '';
  if (code === 'UND_ERR_DESTROYED') return abortFailure(operation, error);
  // Parser errors quote what was received, which may be anything: they must not become a cause.
  if (error instanceof errors.HTTPParserError) {
    const message = `cannot ${title}: ${host} does not speak HTTP`;
    return new RegistryError('REGISTRY_PROTOCOL', message, { details });
  }
  const who = proxyHost === undefined ? host : `${host}, through the proxy ${proxyHost},`;
  if (error instanceof ProxyRefusal) {
    const reason = proxyRefusals.get(error.status) ?? `the proxy answered ${String(error.status)}`;
    return new RegistryError('REGISTRY_UNREACHABLE', `cannot ${title}: ${who} cannot be reached: ${reason}`, {
      hint: proxyHint(host),
      status: error.status,
      details,
    });
  }
  const known = certificateReasons.get(code) ?? connectionReasons.get(code);
  const reason = known === undefined ? printable(reasonOf(error), 300) : `${known} (${code})`;
  return new RegistryError('REGISTRY_UNREACHABLE', `cannot ${title}: ${who} cannot be reached: ${reason}`, {
    hint:
      proxyHost === undefined || certificateReasons.has(code) ? connectionHint(code, host) : proxyHint(host),
    details: { ...details, ...(code === '' ? {} : { reason: code }) },
    cause: error,
  });
}

function proxyHint(host: string): string {
  return `Check the setting of the proxy, or list ${host} in NO_PROXY if it can be reached without.`;
}

function connectionHint(code: string, host: string): string {
  if (certificateReasons.has(code)) {
    return `Give the certificate authority of ${host} as custom CA, or list ${host} as insecure registry.`;
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return `List ${host} as insecure registry if it serves plain HTTP.`;
  if (code === 'ENOTFOUND') return 'Check the name of the registry.';
  return `Check that ${host} is up and can be reached from this machine.`;
}

/** The error for an operation that its caller gave up. */
export function abortFailure(operation: Operation, cause?: unknown): DrayError {
  return new DrayError('ABORTED', `cannot ${operation.title}: it was aborted`, { cause });
}

export interface AnswerContext {
  /** `auths["ghcr.io"] in …` of the credential that was used, if there was one. */
  readonly credentialSource: string | undefined;
  /** Masked in whatever the registry wrote. */
  readonly secrets: Iterable<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Who answered, when it was not the registry itself. */
  readonly other?: { readonly role: 'token service' | 'storage'; readonly host: string };
}

/** The error for an answer that is no success. Reads what it needs of the body. @see distribution-spec v1.1.1, "Error Codes" */
export async function answerFailure(
  operation: Operation,
  response: HttpResponse,
  context: AnswerContext,
): Promise<RegistryError> {
  const { status } = response;
  // The query may be the signature of a redirect, and servers like to quote what they were asked.
  const said = await readErrors(response, [...context.secrets, ...response.secrets, response.url.search]);
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), context.now);
  const { code, reason, hint } = explain(status, operation.registry, context, retryAfterMs);
  const quote = said.message === '' ? '' : `: ${said.message}`;
  return new RegistryError(code, `cannot ${operation.title}: ${reason}${quote}`, {
    status,
    ociCodes: said.codes,
    ...(hint === undefined ? {} : { hint }),
    details: {
      registry: operation.registry,
      url: redactUrl(response.url),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

function explain(
  status: number,
  registry: string,
  { credentialSource, other }: AnswerContext,
  retryAfterMs: number | undefined,
): Explanation {
  const who = other === undefined ? registry : `${other.role} ${other.host}`;
  const role = other?.role ?? 'registry';
  const isRefusal = status === 401 || status === 403;
  if (isRefusal && (role === 'token service' || (role === 'registry' && status === 401))) {
    return unauthorized(who, registry, credentialSource);
  }
  if (isRefusal) {
    const hint = `Ask for the right to pull; ${usedCredential(registry, credentialSource)}.`;
    return { code: 'REGISTRY_DENIED', reason: `${who} denied access (${String(status)})`, hint };
  }
  // A token service that is not there says nothing about the image.
  if (status === 404 && role !== 'token service') {
    return {
      code: 'REGISTRY_NOT_FOUND',
      reason: `${who} does not have it`,
      hint: 'Check the spelling of repository and tag, and whether it was pushed yet.',
    };
  }
  if (status === 429) return rateLimited(who, registry, credentialSource, retryAfterMs);
  const answered = `${who} answered ${String(status)}`;
  if (status === 408 || status >= 500) {
    return { code: 'REGISTRY_UNREACHABLE', reason: answered, hint: `Try again later; ${who} is failing.` };
  }
  return { code: 'REGISTRY_PROTOCOL', reason: `${answered}, which does not fit the protocol` };
}

function rateLimited(
  who: string,
  registry: string,
  credentialSource: string | undefined,
  retryAfterMs: number | undefined,
): Explanation {
  const seconds = retryAfterMs === undefined ? undefined : String(Math.ceil(retryAfterMs / 1000));
  return {
    code: 'REGISTRY_RATE_LIMITED',
    reason: `${who} limits the rate (429)${seconds === undefined ? '' : ` and asks to wait ${seconds} s`}`,
    hint:
      credentialSource === undefined
        ? `Log in to ${registry} for a higher limit, or wait.`
        : 'Wait and try again.',
  };
}

function unauthorized(who: string, registry: string, credentialSource: string | undefined): Explanation {
  return {
    code: 'REGISTRY_UNAUTHORIZED',
    reason: `${who} refused; ${usedCredential(registry, credentialSource)}`,
    hint:
      credentialSource === undefined
        ? `Run docker login ${registry}, or check the name: a repository that does not exist is refused the same way.`
        : `Renew the login, or check the name and your right to pull: a repository that does not exist is refused the same way.`,
  };
}

function usedCredential(registry: string, source: string | undefined): string {
  return source === undefined
    ? `no credentials were found for ${registry}`
    : `the credentials from ${source} were used`;
}

async function readErrors(
  response: HttpResponse,
  secrets: Iterable<string>,
): Promise<{ readonly codes: readonly string[]; readonly message: string }> {
  const entries = errorEntries(await readText(response));
  const clean = (text: string): string => maskSecrets(redactUrls(printable(text, 300)), secrets);
  const codes = entries.flatMap(({ code }) => (typeof code === 'string' ? [clean(code)] : []));
  const messages = entries.flatMap(({ code, message }) => {
    const text = [code, message].filter((part) => typeof part === 'string' && part !== '').join(' ');
    return text === '' ? [] : [clean(text)];
  });
  return { codes, message: messages.slice(0, 3).join('; ') };
}

async function readText(response: HttpResponse): Promise<string> {
  try {
    const { bytes } = await readAtMost(response.body, maxErrorBodyBytes);
    return bytes.toString('utf8');
  } catch {
    // The status says enough; a connection lost after it changes nothing.
    return '';
  }
}

function errorEntries(text: string): readonly { readonly code?: unknown; readonly message?: unknown }[] {
  try {
    const body: unknown = JSON.parse(text);
    const entries = isObject(body) ? body['errors'] : undefined;
    return Array.isArray(entries) ? entries.filter((entry) => isObject(entry)) : [];
  } catch {
    return [];
  }
}

function redactUrls(text: string): string {
  return text.replace(/https?:\/\/[^\s"'<>]+/g, (url) => redactUrl(url));
}
