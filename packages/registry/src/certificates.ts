import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UsageError, reasonOf } from '@drayage/core';

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The PEM text of a file with at least one certificate, each of which can be read. @throws UsageError `CONFIG_INVALID` naming the file */
export async function readCertificates(path: string): Promise<string> {
  try {
    const blocks = (await readFile(path, 'utf8')).match(block) ?? [];
    if (blocks.length === 0) throw invalid(path, 'it has no PEM certificate');
    for (const text of blocks) new X509Certificate(text);
    return blocks.join('\n');
  } catch (error) {
    throw error instanceof UsageError ? error : invalid(path, reasonOf(error), error);
  }
}

function invalid(path: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot read certificates from ${path}: ${reason}`, {
    hint: 'Name a PEM file with the certificate of the authority.',
    cause,
  });
}
