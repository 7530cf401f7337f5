import { DrayError, isObject, type JsonObject } from '@drayage/core';
import { canonicalHost } from '../hosts.ts';
import type { Credential } from './credential-store.ts';

/** The source of an entry of `auths`, for messages. */
export interface EntryPlace {
  /** `/home/me/.docker/config.json`, or the variable with the document. */
  readonly place: string;
  readonly key: string;
}

/**
 * The credential in an entry of `auths`; undefined for an empty entry, which `docker login` writes when
 * a helper keeps the secret.
 * @throws DrayError `CREDENTIALS_INVALID` that names source and key, but never the value
 */
export function readEntry(entry: unknown, place: EntryPlace): Credential | undefined {
  if (!isObject(entry)) throw invalidEntry(place, '', 'it is not an object');
  const source = `auths["${place.key}"] in ${place.place}`;
  const registryToken = textMember(entry, 'registrytoken', place);
  if (registryToken !== '') return { kind: 'registryToken', token: registryToken, source };
  const identityToken = textMember(entry, 'identitytoken', place);
  if (identityToken !== '') return { kind: 'identityToken', token: identityToken, source };
  const auth = textMember(entry, 'auth', place);
  if (auth !== '') return { kind: 'basic', ...decodeAuth(auth, place), source };
  const username = textMember(entry, 'username', place);
  const password = textMember(entry, 'password', place);
  return username === '' ? undefined : { kind: 'basic', username, password, source };
}

function textMember(entry: JsonObject, name: string, place: EntryPlace): string {
  const value = entry[name] ?? '';
  if (typeof value !== 'string') throw invalidEntry(place, `.${name}`, 'it is not a string');
  return value;
}

function decodeAuth(auth: string, place: EntryPlace): { username: string; password: string } {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(auth.trim())) throw invalidEntry(place, '.auth', 'it is not base64');
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalidEntry(place, '.auth', 'it does not decode to username:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function invalidEntry({ place, key }: EntryPlace, member: string, reason: string): DrayError {
  return new DrayError('CREDENTIALS_INVALID', `cannot use auths["${key}"]${member} in ${place}: ${reason}`, {
    hint: `Run docker login ${canonicalHost(key)} to replace it.`,
    details: { place, key },
  });
}
