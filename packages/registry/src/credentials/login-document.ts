import { DrayError, isObject, type JsonObject } from '@drayage/core';
import { canonicalHost } from '../hosts.ts';
import type { Credential } from './credential-store.ts';
import { readEntry } from './login-entry.ts';

/** What a docker config or a podman auth file says about credentials. */
export interface LoginDocument {
  /** Where it was found, for messages: a path, or the name of a variable. */
  readonly place: string;
  readonly auths: JsonObject;
  /** Name of a helper by host; an empty name means none for that host. */
  readonly credHelpers: JsonObject;
  /** Name of the helper for all other hosts. */
  readonly credsStore: string;
}

/** A credential helper and the setting that names it. */
export interface NamedHelper {
  /** Without `docker-credential-`. */
  readonly name: string;
  /** `credHelpers["ghcr.io"] in /home/me/.docker/config.json`. */
  readonly source: string;
}

/**
 * The document in `text`. Only its outline is checked: the entry of one host cannot spoil another's.
 * @throws DrayError `CREDENTIALS_INVALID` that names the place
 */
export function parseLoginDocument(text: string, place: string): LoginDocument {
  const config = parseJson(text);
  if (!isObject(config)) throw invalidDocument(place, 'it is no JSON object');
  const credsStore = config['credsStore'] ?? '';
  if (typeof credsStore !== 'string') throw invalidDocument(place, '"credsStore" is no string');
  return {
    place,
    auths: objectMember(config, 'auths', place),
    credHelpers: objectMember(config, 'credHelpers', place),
    credsStore,
  };
}

/** The error for a document that cannot be used as a whole. */
export function invalidDocument(place: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot read credentials from ${place}: ${reason}`, {
    hint: `Repair ${place} or name another one.`,
    details: { place },
  });
}

/**
 * The credential that `auths` has for a registry. With a repository the keys may name a part of the registry
 * (`quay.io/org`), and the longest that fits wins, as podman has it; without, they are hosts, as docker has
 * it.
 */
export function loginFor(
  { auths, place }: LoginDocument,
  registryHost: string,
  repository: string | undefined,
): Credential | undefined {
  const key = findKey(Object.keys(auths), registryHost, scopesOf(repository));
  return key === undefined ? undefined : readEntry(auths[key], { place, key });
}

/** The helper that keeps the credentials of a host. @throws DrayError `CREDENTIALS_INVALID` */
export function helperFor(document: LoginDocument, registryHost: string): NamedHelper | undefined {
  const { credHelpers, credsStore, place } = document;
  const key = findKey(Object.keys(credHelpers), registryHost, ['']);
  const name = key === undefined ? credsStore : credHelpers[key];
  const setting = key === undefined ? 'credsStore' : `credHelpers["${key}"]`;
  if (typeof name !== 'string') throw invalidDocument(place, `${setting} is no string`);
  return name === '' ? undefined : { name, source: `${setting} in ${place}` };
}

/** `a/b`, `a` and the whole registry, for repository `a/b`. */
function scopesOf(repository: string | undefined): readonly string[] {
  const parts = repository?.split('/') ?? [];
  return [...parts.map((_, index) => parts.slice(0, parts.length - index).join('/')), ''];
}

function findKey(
  keys: readonly string[],
  registryHost: string,
  scopes: readonly string[],
): string | undefined {
  const host = withoutDefaultPort(canonicalHost(registryHost));
  for (const scope of scopes) {
    const wanted = scope === '' ? registryHost : `${registryHost}/${scope}`;
    const key =
      keys.find((candidate) => candidate === wanted) ??
      keys.find((candidate) => {
        const parsed = splitKey(candidate);
        return parsed.host === host && parsed.path === scope;
      });
    if (key !== undefined) return key;
  }
  return undefined;
}

function splitKey(key: string): { readonly host: string; readonly path: string } {
  const bare = key.replace(/^https?:\/\//i, '').replace(/\/$/, '');
  const slash = bare.indexOf('/');
  const path = slash < 0 ? '' : bare.slice(slash + 1);
  return {
    host: withoutDefaultPort(canonicalHost(slash < 0 ? bare : bare.slice(0, slash))),
    // Old keys end in the version of the API.
    path: path === 'v1' || path === 'v2' ? '' : path,
  };
}

// GitLab has people log in to gitlab.example:443 and names images without the port.
function withoutDefaultPort(host: string): string {
  return host.replace(/:443$/, '');
}

function objectMember(config: JsonObject, name: string, place: string): JsonObject {
  const value = config[name] ?? {};
  if (!isObject(value)) throw invalidDocument(place, `"${name}" is no object`);
  return value;
}

// The parser's own error quotes the text around the mistake, which may be a password: it must not become a
// cause.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
