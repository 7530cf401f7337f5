import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, reasonOf, systemErrorCode } from '@drayage/core';
import { readCertificates } from './certificates.ts';

/** The certificates for one host. All PEM. */
export interface HostCertificates {
  /** CA certificates to trust for this host, in addition to those for all hosts. */
  readonly caCertificates: readonly string[];
  /** Client certificates for the host. */
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
 * without a folder has no certificates. Reads each folder once.
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
  if (orphan !== undefined) throw invalid(join(folder, orphan), 'the matching .cert file is missing');
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
    throw invalid(path, 'the matching .key file is missing');
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
    hint: 'Store CA certificates in .crt files, and a client certificate in a .cert and a .key file.',
    cause,
  });
}
