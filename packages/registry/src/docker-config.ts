import { readFile } from 'node:fs/promises';
import { DrayError, isObject, reasonOf, systemErrorCode } from '@drayage/core';
import type { JsonObject } from '@drayage/core';
import type { Credential, CredentialStore } from './credentials.ts';
import { canonicalHost } from './hosts.ts';

/**
 * The credentials in the `auths` of a docker config file. The file is read at every lookup, so that a `docker login` in between counts; a
 * file that is not there has no credentials. Keys match exactly after canonicalisation, as a prefix match would hand one host's password
 * to another. Credential helpers are not asked.
 * @throws DrayError `CREDENTIALS_INVALID` from `find`, naming the file and the key; other hosts' entries are not looked at
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function createDockerConfigCredentials(path: string): CredentialStore {
  return {
    async find(registryHost) {
      const auths = await readAuths(path);
      const key = findKey(Object.keys(auths), registryHost);
      return key === undefined ? undefined : readEntry(auths[key], { path, key });
    },
  };
}

interface EntryPlace {
  readonly path: string;
  readonly key: string;
}

async function readAuths(path: string): Promise<JsonObject> {
  const text = await readText(path);
  if (text === undefined) return {};
  const config = parseJson(text);
  if (!isObject(config)) throw invalid(path, 'it is no JSON object');
  const auths = config['auths'] ?? {};
  if (!isObject(auths)) throw invalid(path, '"auths" is no object');
  return auths;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw invalid(path, reasonOf(error));
  }
}

// The parser's own error quotes the text around the mistake, which may be a password: it must not become a cause.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function findKey(keys: readonly string[], registryHost: string): string | undefined {
  const host = canonicalHost(registryHost);
  return keys.find((key) => key === registryHost) ?? keys.find((key) => canonicalHost(key) === host);
}

function readEntry(entry: unknown, place: EntryPlace): Credential | undefined {
  if (!isObject(entry)) throw invalidEntry(place, '', 'it is no object');
  const source = `auths["${place.key}"] in ${place.path}`;
  const registryToken = textMember(entry, 'registrytoken', place);
  if (registryToken !== '') return { kind: 'registryToken', token: registryToken, source };
  const identityToken = textMember(entry, 'identitytoken', place);
  if (identityToken !== '') return { kind: 'identityToken', token: identityToken, source };
  const auth = textMember(entry, 'auth', place);
  if (auth !== '') return { kind: 'basic', ...decodeAuth(auth, place), source };
  const username = textMember(entry, 'username', place);
  const password = textMember(entry, 'password', place);
  // `docker login` with a credential helper leaves an empty entry behind.
  return username === '' ? undefined : { kind: 'basic', username, password, source };
}

function textMember(entry: JsonObject, name: string, place: EntryPlace): string {
  const value = entry[name] ?? '';
  if (typeof value !== 'string') throw invalidEntry(place, `.${name}`, 'it is no string');
  return value;
}

function decodeAuth(auth: string, place: EntryPlace): { username: string; password: string } {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(auth.trim())) throw invalidEntry(place, '.auth', 'it is no base64');
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalidEntry(place, '.auth', 'it does not decode to username:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function invalidEntry({ path, key }: EntryPlace, member: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot use auths["${key}"]${member} in ${path}: ${reason}`, {
    hint: `Run docker login ${canonicalHost(key)} to write it anew.`,
    details: { path, key },
  });
}

function invalid(path: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot read credentials from ${path}: ${reason}`, {
    hint: 'Repair the docker config file or name another one.',
    details: { path },
  });
}
