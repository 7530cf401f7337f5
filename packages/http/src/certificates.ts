import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { UsageError, reasonOf } from '@drayage/core';

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads a PEM file with at least one certificate; all must be valid.
 * @throws UsageError `CONFIG_INVALID` naming the file
 */
export async function readCertificates(path: string): Promise<string> {
  try {
    const blocks = (await readFile(path, 'utf8')).match(block) ?? [];
    if (blocks.length === 0) throw invalid(path, 'it contains no PEM certificate');
    for (const text of blocks) new X509Certificate(text);
    return blocks.join('\n');
  } catch (error) {
    throw error instanceof UsageError ? error : invalid(path, reasonOf(error), error);
  }
}

/**
 * The certificates in the file that `NODE_EXTRA_CA_CERTS` names. Node.js trusts them by default, but drops
 * them once a program passes other CA certificates, and versions before 22.15 do not list them. Undefined
 * when there are none. Ignores an unreadable file: Node.js has already warned about it.
 */
export async function readExtraCertificates(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const { NODE_EXTRA_CA_CERTS: path = '' } = env;
  if (path === '') return undefined;
  return readCertificates(path).catch(() => undefined);
}

/**
 * The CA certificates that Node.js trusts by default, as far as it lists them (see {@link
 * readExtraCertificates}).
 */
export function trustedByNode(): readonly string[] {
  const { getCACertificates, rootCertificates }: NodeTrust = tls;
  return getCACertificates === undefined ? rootCertificates : getCACertificates('default');
}

interface NodeTrust {
  readonly rootCertificates: readonly string[];
  /** Since 22.15. */
  readonly getCACertificates?: (kind: 'default') => string[];
}

function invalid(path: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot read certificates from ${path}: ${reason}`, {
    hint: 'Use a PEM file with the CA certificate.',
    cause,
  });
}
