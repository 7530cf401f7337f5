import { readCertificates, readExtraCertificates } from '@drayage/http';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/**
 * PEM of the CA certificates to trust in addition to those of Node.js: of `--ca-file`, and of
 * `NODE_EXTRA_CA_CERTS`.
 * @throws UsageError `CONFIG_INVALID`
 */
export async function trustedCertificates({ caFile }: Config, { env }: Host): Promise<string | undefined> {
  const found = [
    caFile === undefined ? undefined : await readCertificates(caFile),
    await readExtraCertificates(env),
  ].filter((pem) => pem !== undefined);
  return found.length === 0 ? undefined : found.join('\n');
}
