import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * A new self-signed certificate for loopback and `registry.test`, as PEM, valid for two days. Made with the
 * `openssl` program.
 */
export async function createTestCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'drayage-tls-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const names = [
    '-subj',
    '/CN=registry.test',
    '-addext',
    'subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1',
  ];
  try {
    await promisify(execFile)('openssl', [...kind, ...names, '-keyout', keyFile, '-out', certFile]);
    return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
  } finally {
    await rm(directory, { recursive: true });
  }
}
