import { DrayError, isObject, type JsonObject } from '@drayage/core';
import { canonicalHost } from '../hosts.ts';
import type { Credential } from './credential-store.ts';
import { readEntry } from './login-entry.ts';

/** The credentials part of a docker config or podman auth file. */
export interface LoginDocument {
  /** The source, for messages: a path, or the name of a variable. */
  readonly place: string;
  readonly auths: JsonObject;
  /** Helper names by host; an empty name disables helpers for that host. */
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
 * Parses a document. Checks only its outline, so that one host's invalid entry does not affect others.
 * @throws DrayError `CREDENTIALS_INVALID` that names the source
 */
export function parseLoginDocument(text: string, place: string): LoginDocument {
  const config = parseJson(text);
  if (!isObject(config)) throw invalidDocument(place, 'it is not a JSON object');
  const credsStore = config['credsStore'] ?? '';
  if (typeof credsStore !== 'string') throw invalidDocument(place, '"credsStore" is not a string');
  return {
    place,
    auths: objectMember(config, 'auths', place),
    credHelpers: objectMember(config, 'credHelpers', place),
    credsStore,
  };
}

/** The error for an invalid document. */
export function invalidDocument(place: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot read credentials from ${place}: ${reason}`, {
    hint: `Repair ${place} or use another one.`,
    details: { place },
  });
}

/**
 * The credential in `auths` for a registry. With a repository, keys can name part of the registry
 * (`quay.io/org`), and the longest match counts, as in podman; without, keys are hosts, as in
 * docker.
 */
export function loginFor(
  { auths, place }: LoginDocument,
  registryHost: string,
  repository: string | undefined,
): Credential | undefined {
  const key = findKey(Object.keys(auths), registryHost, scopesOf(repository));
  return key === undefined ? undefined : readEntry(auths[key], { place, key });
}

/** The helper for a host. @throws DrayError `CREDENTIALS_INVALID` */
export function helperFor(document: LoginDocument, registryHost: string): NamedHelper | undefined {
  const { credHelpers, credsStore, place } = document;
  const key = findKey(Object.keys(credHelpers), registryHost, ['']);
  const name = key === undefined ? credsStore : credHelpers[key];
  const setting = key === undefined ? 'credsStore' : `credHelpers["${key}"]`;
  if (typeof name !== 'string') throw invalidDocument(place, `${setting} is not a string`);
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

// GitLab's instructions log in to gitlab.example:443, but its image names have no port.
function withoutDefaultPort(host: string): string {
  return host.replace(/:443$/, '');
}

function objectMember(config: JsonObject, name: string, place: string): JsonObject {
  const value = config[name] ?? {};
  if (!isObject(value)) throw invalidDocument(place, `"${name}" is not an object`);
  return value;
}

// The parser's error quotes the text around the mistake, which can be a password, so it must not become a
// cause.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
