import { DrayError, RegistryError, isObject, redactUrl, type ErrorCode } from '@drayage/core';
import {
  connectionFailure,
  parseRetryAfter,
  quotable,
  readErrorObject,
  type ConnectionFailure,
  type HttpResponse,
} from '@drayage/http';
import type { Access } from './access.ts';
import type { CredentialProblem } from './credentials/credential-store.ts';

/** The current operation, for messages. */
export interface Operation {
  /** As after "cannot": `resolve ghcr.io/org/app:1`. */
  readonly title: string;
  readonly registry: string;
  /** The right that it needs; default: to pull. */
  readonly access?: Pick<Access, 'right'> | undefined;
}

/**
 * The error for a request without a usable response; `host` is the server if the error does not name it.
 * Passes on a {@link DrayError}.
 */
export function unreachable(
  operation: Operation,
  error: unknown,
  host: string = operation.registry,
): DrayError {
  if (error instanceof DrayError) return error;
  const { title, registry } = operation;
  const failure = connectionFailure(error, host);
  const { kind, reason, proxyHost, code, status, cause } = failure;
  if (kind === 'closed') return new DrayError('ABORTED', `cannot ${title}: it was aborted`, { cause });
  const details = { registry, host: failure.host, ...(proxyHost !== undefined && { proxyHost }) };
  if (kind === 'protocol') {
    return new RegistryError('REGISTRY_PROTOCOL', `cannot ${title}: ${failure.host} ${reason}`, { details });
  }
  const who = proxyHost === undefined ? failure.host : `${failure.host}, through the proxy ${proxyHost},`;
  return new RegistryError('REGISTRY_UNREACHABLE', `cannot ${title}: ${who} cannot be reached: ${reason}`, {
    hint: connectionHint(failure),
    status,
    details: { ...details, ...(code !== undefined && { reason: code }) },
    cause,
  });
}

function connectionHint({ kind, host }: ConnectionFailure): string {
  if (kind === 'certificate') {
    return `Pass the CA certificate of ${host} with --ca-file, or list ${host} as insecure registry.`;
  }
  if (kind === 'proxy') {
    return `Check the proxy settings, or list ${host} in NO_PROXY if it can be reached directly.`;
  }
  if (kind === 'tls') return `List ${host} as insecure registry if it serves plain HTTP.`;
  if (kind === 'name') return 'Check the name of the registry.';
  return `Check that ${host} is up and can be reached from this machine.`;
}

export interface AnswerContext {
  /** Source of the credential, if any: `auths["ghcr.io"] in …`. */
  readonly credentialSource: string | undefined;
  /** Why a configured credential could not be used. */
  readonly credentialProblem?: CredentialProblem | undefined;
  /** Masked in quotes from the registry. */
  readonly secrets: Iterable<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The server that answered, if not the registry itself. */
  readonly other?: { readonly role: 'token service' | 'storage'; readonly host: string };
}

/**
 * The error for an unsuccessful response. Reads as much of the body as it needs.
 * @see distribution-spec v1.1.1, "Error Codes"
 */
export async function answerFailure(
  operation: Operation,
  response: HttpResponse,
  context: AnswerContext,
): Promise<RegistryError> {
  const { status } = response;
  // The query can be the signature of a redirect, and servers tend to quote the request.
  const said = await readErrors(response, [...context.secrets, ...response.secrets, response.url.search]);
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), context.now);
  const explanation = explain(status, operation, context, retryAfterMs);
  const { code, reason, hint } = withProblem(explanation, context.credentialProblem);
  const quote = said.message === '' ? '' : `: ${said.message}`;
  return new RegistryError(code, `cannot ${operation.title}: ${reason}${quote}`, {
    status,
    ociCodes: said.codes,
    hint,
    details: {
      registry: operation.registry,
      url: redactUrl(response.url),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  });
}

interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

const perhapsForWantOfLogin: readonly ErrorCode[] = [
  'REGISTRY_UNAUTHORIZED',
  'REGISTRY_DENIED',
  'REGISTRY_NOT_FOUND',
  'REGISTRY_RATE_LIMITED',
];

/** A refusal is explained by the credential that could not be got. */
function withProblem(explanation: Explanation, problem: CredentialProblem | undefined): Explanation {
  if (problem === undefined || !perhapsForWantOfLogin.includes(explanation.code)) return explanation;
  const { code, reason, hint } = explanation;
  const both = [hint, problem.hint].filter((text) => text !== undefined).join(' ');
  return { code, reason: `${reason} (${problem.reason})`, hint: both };
}

function explain(
  status: number,
  { registry, access }: Operation,
  { credentialSource, other }: AnswerContext,
  retryAfterMs: number | undefined,
): Explanation {
  const who = other === undefined ? registry : `${other.role} ${other.host}`;
  const role = other?.role ?? 'registry';
  const right = access?.right ?? 'pull';
  const isRefusal = status === 401 || status === 403;
  if (isRefusal && (role === 'token service' || (role === 'registry' && status === 401))) {
    return unauthorized(who, { registry, right }, credentialSource);
  }
  if (isRefusal) {
    const hint = `Ask for permission to ${right}; ${usedCredential(registry, credentialSource)}.`;
    return { code: 'REGISTRY_DENIED', reason: `${who} denied access (${String(status)})`, hint };
  }
  // A 404 from the token service says nothing about the image.
  if (status === 404 && role !== 'token service') {
    return {
      code: 'REGISTRY_NOT_FOUND',
      reason: `${who} does not have it`,
      hint:
        right === 'pull'
          ? 'Check the spelling of repository and tag, and whether it was pushed yet.'
          : 'Create the repository, or check its spelling.',
    };
  }
  if (status === 429) return rateLimited(who, registry, credentialSource, retryAfterMs);
  const answered = `${who} answered ${String(status)}`;
  if (status === 413) {
    const hint = `Raise the limit of request bodies of ${registry}, or of the proxy before it.`;
    return { code: 'REGISTRY_DENIED', reason: `${who} does not accept a blob of that size (413)`, hint };
  }
  if (status === 408 || status >= 500) {
    return { code: 'REGISTRY_UNREACHABLE', reason: answered, hint: `Try again later; ${who} is failing.` };
  }
  return { code: 'REGISTRY_PROTOCOL', reason: `${answered}, which violates the protocol` };
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

function unauthorized(
  who: string,
  { registry, right }: { readonly registry: string; readonly right: Access['right'] },
  credentialSource: string | undefined,
): Explanation {
  return {
    code: 'REGISTRY_UNAUTHORIZED',
    reason: `${who} refused; ${usedCredential(registry, credentialSource)}`,
    hint:
      credentialSource === undefined
        ? `Run docker login ${registry}, or check the name: a repository that does not exist is refused the same way.`
        : `Renew the login, or check the name and your permission to ${right}: a repository that does not exist is refused the same way.`,
  };
}

function usedCredential(registry: string, source: string | undefined): string {
  return source === undefined
    ? `no credentials were found for ${registry}`
    : `the credentials from ${source} were used`;
}

async function readErrors(
  response: HttpResponse,
  secrets: readonly string[],
): Promise<{ readonly codes: readonly string[]; readonly message: string }> {
  const { errors } = await readErrorObject(response);
  const entries = Array.isArray(errors) ? errors.filter((entry) => isObject(entry)) : [];
  const quoted = entries.map((entry) =>
    [entry['code'], entry['message']].flatMap((text) =>
      typeof text === 'string' && text !== '' ? [quotable(text, secrets)] : [],
    ),
  );
  const codes = entries.flatMap(({ code }) => (typeof code === 'string' ? [quotable(code, secrets)] : []));
  return {
    codes,
    message: quoted
      .map((words) => words.join(' '))
      .filter((text) => text !== '')
      .slice(0, 3)
      .join('; '),
  };
}
