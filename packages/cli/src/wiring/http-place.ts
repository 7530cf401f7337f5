import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transport } from '@drayage/core';
import { createProxyRules, proxySettings } from '@drayage/http';
import { createHttpTransport, loginInNetrc } from '@drayage/http-place';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { handoverKey } from './handover-key.ts';
import { trustedCertificates } from './trusted-certificates.ts';

/**
 * The handover through a web server. A bundle has a folder of its own only where `--key` is given: a plain
 * server may have nothing but one bundle. @throws UsageError `USAGE`, `CONFIG_INVALID`
 */
export async function openHttpTransport(url: string, config: Config, host: Host): Promise<Transport> {
  return createHttpTransport({
    url,
    key: config.key === undefined ? undefined : handoverKey(config),
    userAgent: `drayage/${host.version}`,
    ca: await trustedCertificates(config, host),
    proxyFor: createProxyRules(proxySettings(host.env)),
    authorization: await authorizationFor(url, config, host),
  });
}

/** `DRAY_HTTP_TOKEN`, else the login in `.netrc` or in the file that `NETRC` names. */
async function authorizationFor(url: string, { httpToken }: Config, host: Host): Promise<string | undefined> {
  if (httpToken !== undefined) return `Bearer ${httpToken.trim()}`;
  const { NETRC: path = join(host.homeDir, '.netrc') } = host.env;
  const text = await readFile(path, 'utf8').catch(() => '');
  const login = loginInNetrc(text, new URL(url).hostname);
  if (login === undefined) return undefined;
  return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
}
