import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, reasonOf, systemErrorCode } from '@drayage/core';
import { readCertificates } from './certificates.ts';

/** What TLS needs to know about one host. All PEM. */
export interface HostCertificates {
  /** CA certificates that are trusted for this host beside those that are trusted for all. */
  readonly caCertificates: readonly string[];
  /** Client certificates that the host gets to see. */
  readonly clients: readonly ClientCertificate[];
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

const noCertificates: HostCertificates = { caCertificates: [], clients: [] };

/**
 * Looks up the certificates of a host (`host[:port]`) in a directory laid out as for the Docker engine:
 * `<directory>/<host>` with `*.crt` for CA certificates, `*.cert` and `*.key` for client certificates. A host
 * without a folder has none. Reads each folder once.
 * @throws UsageError `CONFIG_INVALID` naming the file that is invalid, or a certificate without its key
 * @see https://docs.docker.com/engine/security/certificates/
 */
export function createCertificateDirectory(directory: string): (host: string) => Promise<HostCertificates> {
  const known = new Map<string, Promise<HostCertificates>>();
  return (host) => {
    const found = known.get(host) ?? readFolder(join(directory, host));
    known.set(host, found);
    return found;
  };
}

async function readFolder(folder: string): Promise<HostCertificates> {
  const names = await listFolder(folder);
  if (names.length === 0) return noCertificates;
  const withEnding = (ending: string): readonly string[] => names.filter((name) => name.endsWith(ending));
  const orphan = withEnding('.key').find((name) => !names.includes(name.replace(/key$/, 'cert')));
  if (orphan !== undefined)
    throw invalid(join(folder, orphan), 'there is no .cert file of that name next to it');
  return {
    caCertificates: await Promise.all(withEnding('.crt').map((name) => readCertificates(join(folder, name)))),
    clients: await Promise.all(
      withEnding('.cert').map((name) => readClientCertificate(join(folder, name), names)),
    ),
  };
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw invalid(folder, reasonOf(error), error);
  }
}

async function readClientCertificate(path: string, names: readonly string[]): Promise<ClientCertificate> {
  const keyPath = path.replace(/cert$/, 'key');
  if (!names.some((name) => keyPath.endsWith(`/${name}`))) {
    throw invalid(path, 'there is no .key file of that name next to it');
  }
  return { cert: await readCertificates(path), key: await readKey(keyPath) };
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(path, reasonOf(error), error);
  }
}

function invalid(path: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot use certificates in ${path}: ${reason}`, {
    hint: 'Put CA certificates into .crt files, and a client certificate into a .cert and a .key file.',
    cause,
  });
}
