import { UsageError, parseReference, printable, redactUrl, isDrayError } from '@drayage/core';
import { keyName } from '@drayage/core/handover';

/** What `oci://HOST/REPOSITORY[:KEY]` says. */
export interface OciLocation {
  /** `host[:port]`, as in a reference. */
  readonly registry: string;
  readonly repository: string;
  /** Undefined: the caller chooses. */
  readonly key: string | undefined;
}

/** @throws UsageError `USAGE` that names what is wrong with the URL */
export function parseOciLocation(text: string): OciLocation {
  const rest = /^oci:\/\/(.+)$/i.exec(text.trim())?.[1];
  if (rest === undefined) throw invalid(text, 'only oci:// is known');
  const authority = rest.split('/')[0] ?? '';
  if (authority.includes('@')) throw invalid(text, 'a login does not belong there');
  if (/[?#]/.test(rest)) throw invalid(text, 'it has no settings');
  const [, name = '', key] = /^(.*?)(?::([^:/]*))?$/.exec(rest) ?? [];
  if (!name.includes('/')) throw invalid(text, 'it names no repository');
  if (key !== undefined && keyName(key) !== key)
    throw invalid(text, `"${printable(key, 100)}" is not a valid key`);
  const { registry, repository } = parseName(text, name);
  // A name without a host is one of Docker Hub in a reference, but a URL begins with its host.
  if (!isHost(authority)) throw invalid(text, `"${printable(authority, 100)}" is not a host`);
  return { registry, repository, key };
}

function parseName(text: string, name: string): { readonly registry: string; readonly repository: string } {
  try {
    const { registry, repository, digest } = parseReference(name);
    if (digest === undefined) return { registry, repository };
  } catch (error) {
    if (!isDrayError(error, 'REFERENCE_INVALID')) throw error;
  }
  throw invalid(text, `"${printable(name, 100)}" is not the name of a repository`);
}

function isHost(authority: string): boolean {
  return /[.:]/.test(authority) || authority === 'localhost';
}

function invalid(text: string, reason: string): UsageError {
  return new UsageError('USAGE', `cannot hand over through ${printable(redactUrl(text), 200)}: ${reason}`, {
    hint: 'Write it as oci://HOST/REPOSITORY or oci://HOST/REPOSITORY:KEY; logins are those of docker.',
  });
}
