import { join } from 'node:path';
import { EngineError } from '@drayage/core';
import { readClientFile } from './client-files.ts';
import type { EndpointTls } from './endpoint.ts';

/**
 * Reads `ca.pem`, `cert.pem` and `key.pem` of a directory. Each may be missing, but certificate and key only
 * together. `origin` names the setting that chose the directory.
 * @throws EngineError `ENGINE_CONFIG_INVALID`
 */
export async function readTlsFiles(directory: string, origin: string): Promise<Omit<EndpointTls, 'verify'>> {
  const read = (name: string): Promise<string | undefined> =>
    readClientFile(join(directory, name), `the TLS file of ${origin}`);
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'cert.pem' : 'key.pem';
    throw missingTlsFile(join(directory, missing), origin);
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** The error for a missing PEM file that the settings require. */
export function missingTlsFile(path: string, origin: string): EngineError {
  return new EngineError('ENGINE_CONFIG_INVALID', `cannot read ${path} for ${origin}: no such file`, {
    hint: 'Set DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem.',
  });
}
