import { UsageError } from '@drayage/core';

/** The requests that go through a proxy. Values as in the environment variables of the same names. */
export interface ProxySettings {
  /** URL of the proxy for `http:` URLs; can contain user name and password. */
  readonly httpProxy?: string | undefined;
  /** URL of the proxy for `https:` URLs. */
  readonly httpsProxy?: string | undefined;
  /**
   * Hosts, domains, addresses and CIDR ranges to connect to directly, separated by commas; `*` is all of
   * them.
   */
  readonly noProxy?: string | undefined;
}

/** A parsed proxy, with a URL that is safe for messages. */
export interface ProxyServer {
  /** Without user name and password. */
  readonly url: URL;
  /** Value of the `Proxy-Authorization` header. */
  readonly authorization: string | undefined;
  /** Masked in messages that quote responses through the proxy. */
  readonly secrets: readonly string[];
}

/**
 * The settings in `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Upper-case names take precedence, as in the
 * docker client.
 * @throws UsageError `CONFIG_INVALID` that names the variable, not its value
 */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  return {
    httpProxy: proxyVariable(env, 'HTTP_PROXY'),
    httpsProxy: proxyVariable(env, 'HTTPS_PROXY'),
    noProxy: firstSet(env, 'NO_PROXY')?.value,
  };
}

function proxyVariable(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const found = firstSet(env, name);
  // Parsed here, so that the message names the variable that the user set.
  if (found !== undefined) parseProxyServer(found.value, found.name);
  return found?.value;
}

function firstSet(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): { readonly name: string; readonly value: string } | undefined {
  return [name, name.toLowerCase()]
    .map((candidate) => ({ name: candidate, value: env[candidate]?.trim() ?? '' }))
    .find(({ value }) => value !== '');
}

/**
 * Parses a proxy URL; the default scheme is `http://`.
 * @throws UsageError `CONFIG_INVALID` naming `setting`, not the text
 */
export function parseProxyServer(text: string, setting: string): ProxyServer {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || url.hostname === '') throw invalid(setting, 'it is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(setting, `${url.protocol}// proxies are not supported`);
  }
  const { username, password } = url;
  const pair = `${decoded(username)}:${decoded(password)}`;
  const encoded = Buffer.from(pair, 'utf8').toString('base64');
  return {
    url: new URL(`${url.protocol}//${url.host}`),
    authorization: username === '' ? undefined : `Basic ${encoded}`,
    secrets: username === '' ? [] : [encoded, decoded(password), password],
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A password that is not percent-encoded but contains a percent sign.
    return text;
  }
}

function invalid(setting: string, reason: string): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot use the proxy in ${setting}: ${reason}`, {
    hint: 'Write it as http://proxy.example:3128.',
    details: { setting },
  });
}
