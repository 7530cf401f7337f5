import { BlockList, isIP } from 'node:net';
import { isLoopback } from '../loopback.ts';
import { parseProxyServer, type ProxyServer, type ProxySettings } from './proxy-settings.ts';

/** The proxy for a URL; undefined: connect directly. */
export type ProxyRules = (url: URL) => ProxyServer | undefined;

/**
 * Chooses proxies as Go programs such as docker do: by the scheme of the URL, but not for loopback or
 * hosts in `noProxy`. `example.com` stands for that host and its subdomains, `.example.com` and
 * `*.example.com` for the subdomains only; a port narrows an entry.
 * @throws UsageError `CONFIG_INVALID` for a proxy that is not a URL
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function createProxyRules({ httpProxy, httpsProxy, noProxy }: ProxySettings): ProxyRules {
  const plain = httpProxy === undefined ? undefined : parseProxyServer(httpProxy, 'httpProxy');
  const secure = httpsProxy === undefined ? undefined : parseProxyServer(httpsProxy, 'httpsProxy');
  const exceptions = (noProxy ?? '').split(',').flatMap((entry) => parseException(entry) ?? []);
  return (url) => {
    const proxy = url.protocol === 'https:' ? secure : plain;
    if (proxy === undefined || isLoopback(url.host)) return undefined;
    const target = {
      host: url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port,
    };
    return exceptions.some((matches) => matches(target)) ? undefined : proxy;
  };
}

interface Target {
  readonly host: string;
  readonly port: string;
}

type Exception = (target: Target) => boolean;

function parseException(text: string): Exception | undefined {
  const entry = text.trim().toLowerCase();
  if (entry === '') return undefined;
  if (entry === '*') return () => true;
  const [, network = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (isIP(network) !== 0) return networkException(network, Number(bits));
  const { host, port } = splitPort(entry);
  const matchesPort = (target: Target): boolean => port === '' || port === target.port;
  if (isIP(host) !== 0) {
    const isSame = networkException(host, isIP(host) === 4 ? 32 : 128);
    return (target) => matchesPort(target) && isSame?.(target) === true;
  }
  const name = host.replace(/^\*(?=\.)/, '');
  if (name === '' || name === '.') return undefined;
  const suffix = name.startsWith('.') ? name : `.${name}`;
  return (target) => matchesPort(target) && (target.host === name || target.host.endsWith(suffix));
}

function networkException(network: string, bits: number): Exception | undefined {
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  if (bits > (family === 'ipv4' ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return ({ host }) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** `host:port`, `[::1]:port`, or only a host; a bare IPv6 address has colons too. */
function splitPort(entry: string): Target {
  if (isIP(entry) === 6) return { host: entry, port: '' };
  const [, bracketed, bare, port = ''] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/.exec(entry) ?? [];
  return { host: bracketed ?? bare ?? '', port };
}
