import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '@drayage/core';
import type { Host } from '../host.ts';

const secretName = /TOKEN|PASSWORD|PASSWD|SECRET|KEY|AUTH|CREDENTIAL/i;
// Common values of variables with such names; masking them would make the log unreadable.
const harmless = /^(?:true|false|none|null|yes|auto|basic|bearer)$/i;

/**
 * All known secrets: variables whose names suggest a secret, passwords in URLs, and what the docker client
 * stores for registries. Each line of a multi-line value is a secret, because output is masked by line.
 */
export async function knownSecrets({
  env,
  homeDir,
}: Pick<Host, 'env' | 'homeDir'>): Promise<ReadonlySet<string>> {
  const { DOCKER_CONFIG: dir = '', REGISTRY_AUTH_FILE: podman = '' } = env;
  const files = [join(dir === '' ? join(homeDir, '.docker') : dir, 'config.json'), podman];
  const texts = await Promise.all(files.filter((path) => path !== '').map(readIfThere));
  const values = Object.entries(env).flatMap(([name, value = '']) => [
    ...(secretName.test(name) ? [value] : []),
    ...urlPasswords(value),
  ]);
  const logins = [...texts, env['DOCKER_AUTH_CONFIG'] ?? ''].flatMap(loginSecrets);
  return new Set([...values, ...logins].flatMap(spellings));
}

const passwordOption = /(?:^|\s)--?(?:password|passwd|token|secret|api-key)(?:\s+|=)("[^"]*"|'[^']*'|\S+)/g;
const loginOption = /\blogin\b.*?\s-p\s*("[^"]*"|'[^']*'|\S+)/g;

/** Literal passwords in a command, but not variables. */
export function commandSecrets(run: string): readonly string[] {
  const found = [...run.matchAll(passwordOption), ...run.matchAll(loginOption)];
  return found
    .map(([, value = '']) => value.replace(/^(["'])(.*)\1$/, '$2'))
    .filter((value) => value.length >= 4 && !/^["']?[$-]/.test(value));
}

/** The forms in which a program can print a secret. */
function spellings(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const all = [
    ...lines,
    ...lines.map((line) => JSON.stringify(line).slice(1, -1)),
    ...lines.map(percentEncoded),
  ];
  return all.filter((text) => text.length >= 4 && !harmless.test(text));
}

function urlPasswords(value: string): readonly string[] {
  return [...value.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@/gi)].flatMap(([, password = '']) => {
    return [password, percentDecoded(password)];
  });
}

/** The secrets in the `auths` of a docker configuration; empty if the text cannot be parsed. */
function loginSecrets(text: string): readonly string[] {
  const auths = parseJson(text)['auths'];
  if (!isObject(auths)) return [];
  return Object.values(auths).flatMap((entry) => {
    if (!isObject(entry)) return [];
    const { auth, ...others } = entry;
    const members = [others['password'], others['identitytoken'], others['registrytoken']];
    const plain = members.filter((member) => typeof member === 'string');
    return typeof auth === 'string' ? [...plain, auth, ...decodedPassword(auth)] : plain;
  });
}

function decodedPassword(auth: string): readonly string[] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(colon + 1).replace(/\0+$/, '')];
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function readIfThere(path: string): Promise<string> {
  // The code that needs the file reports that it is unreadable.
  return readFile(path, 'utf8').catch(() => '');
}

function percentEncoded(text: string): string {
  // Throws for a lone surrogate.
  return encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, ''));
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
