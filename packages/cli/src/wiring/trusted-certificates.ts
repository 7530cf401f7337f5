import { readCertificates, readExtraCertificates } from '@drayage/http';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/**
 * The CA certificates in `--ca-file` and `NODE_EXTRA_CA_CERTS`, as PEM. Node.js's own are trusted as well.
 * @throws UsageError `CONFIG_INVALID`
 */
export async function trustedCertificates({ caFile }: Config, { env }: Host): Promise<string | undefined> {
  const found = [
    caFile === undefined ? undefined : await readCertificates(caFile),
    await readExtraCertificates(env),
  ].filter((pem) => pem !== undefined);
  return found.length === 0 ? undefined : found.join('\n');
}
