import { UsageError, printable } from '@drayage/core';
import { canonicalHost } from './hosts.ts';

/** An alternative source for a registry's repositories. */
export interface Mirror {
  /** Scheme, host and port. */
  readonly url: URL;
  /** Precedes repository names, without slashes at its ends; usually empty. */
  readonly prefix: string;
}

/** The mirrors of registries, by `host[:port]` (`docker.io` for Docker Hub): URLs in the order to try. */
export type MirrorSettings = Readonly<Record<string, readonly string[]>>;

/**
 * Parses a setting such as `docker.io=https://mirror.example/path`: a registry and the URL of one mirror of
 * it.
 * @throws UsageError `CONFIG_INVALID` with the reason
 */
export function parseMirror(text: string): { readonly registry: string; readonly url: string } {
  const equals = text.indexOf('=');
  const registry = canonicalHost(text.slice(0, Math.max(0, equals)).trim());
  if (!/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?$/.test(registry)) {
    throw invalid('it does not begin with a registry and an equals sign');
  }
  const { url, prefix } = parseMirrorUrl(text.slice(equals + 1).trim());
  return { registry, url: prefix === '' ? url.origin : `${url.origin}/${prefix}` };
}

/** Parses several settings as {@link parseMirror} does; the mirrors of one registry keep their order. */
export function parseMirrors(texts: readonly string[]): MirrorSettings {
  const mirrors = new Map<string, readonly string[]>();
  for (const { registry, url } of texts.map(parseMirror)) {
    mirrors.set(registry, [...(mirrors.get(registry) ?? []), url]);
  }
  return Object.fromEntries(mirrors);
}

/** The mirror at a URL; without a scheme it is `https://`. @throws UsageError `CONFIG_INVALID` */
export function parseMirrorUrl(text: string): Mirror {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined) throw invalid('the URL after the equals sign is missing or invalid');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw invalid('its URL is not http or https');
  if (url.username !== '' || url.password !== '') {
    throw invalid('its URL has a user name or password', `Run docker login ${url.host} instead.`);
  }
  if (url.search !== '' || url.hash !== '') throw invalid('its URL has a query or a fragment');
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (prefix !== '' && !/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(prefix)) {
    throw invalid(`"${printable(prefix, 100)}" cannot begin the name of a repository`);
  }
  return { url: new URL(url.origin), prefix };
}

// Does not quote the text, which can contain a password.
function invalid(reason: string, hint = 'Write it as docker.io=https://mirror.example.'): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot use a mirror setting: ${reason}`, { hint });
}
