import { EngineError, printable } from '@drayage/core';
import type { EndpointAddress, EndpointTls } from './endpoint.ts';
import { formatSshAddress, readSshAddress } from './ssh-address.ts';

const plainPort = 2375;
const tlsPort = 2376;

/**
 * Parses a `DOCKER_HOST`-like text as the docker client does: `unix://PATH`, `tcp://HOST[:PORT]`,
 * `HOST:PORT`, `http://` or `https://`, and `ssh://[USER@]HOST[:PORT][/PATH]`. With `tls`, TCP uses TLS and
 * the port defaults to 2376, else to 2375. `https://` turns TLS on by itself (system roots). `origin` names
 * the setting that holds the text.
 * @throws EngineError `ENGINE_CONFIG_INVALID`
 */
export function parseHostUrl(text: string, tls: EndpointTls | undefined, origin: string): EndpointAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? 'tcp';
  switch (scheme) {
    case 'unix':
      return unixAddress(text, origin);
    case 'tcp':
    case 'http':
    case 'https':
      return tcpAddress(text, scheme, tls, origin);
    case 'ssh':
      return sshAddress(text, origin);
    default:
      throw invalidHost(
        text,
        origin,
        `scheme ${scheme} is not supported`,
        'Use unix://PATH, tcp://HOST:PORT or ssh://USER@HOST.',
      );
  }
}

/** The address as text, without credentials. */
export function formatAddress(address: EndpointAddress): string {
  if (address.kind === 'unix') return `unix://${address.socketPath}`;
  if (address.kind === 'ssh') return formatSshAddress(address);
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `tcp://${host}:${String(address.port)}`;
}

function unixAddress(text: string, origin: string): EndpointAddress {
  const socketPath = text.slice('unix://'.length);
  if (!socketPath.startsWith('/')) {
    throw invalidHost(
      text,
      origin,
      'the socket path is not absolute',
      'Write it as unix:///path/to/docker.sock.',
    );
  }
  return { kind: 'unix', socketPath };
}

function sshAddress(text: string, origin: string): EndpointAddress {
  const read = readSshAddress(text);
  if ('reason' in read) throw invalidHost(text, origin, read.reason, read.hint);
  return read;
}

function tcpAddress(
  text: string,
  scheme: string,
  tls: EndpointTls | undefined,
  origin: string,
): EndpointAddress {
  const url = parseUrl(text, scheme, origin);
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.username !== '' || url.password !== '') {
    throw invalidHost(text, origin, 'only a host and a port are allowed', 'Write it as tcp://HOST:PORT.');
  }
  const effective = tls ?? (scheme === 'https' ? { verify: true } : undefined);
  const port = url.port === '' ? (effective === undefined ? plainPort : tlsPort) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'tcp', host, port, ...(effective === undefined ? {} : { tls: effective }) };
}

function parseUrl(text: string, scheme: string, origin: string): URL {
  const rest = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  try {
    // URL drops the default port of schemes it knows ("http://host:80"), and does not parse IPv6 hosts
    // strictly for others: parse all addresses with the same scheme.
    const url = new URL(`tcp://${rest}`);
    if (url.hostname === '') throw new TypeError('no host');
    if (url.port === '' && scheme.startsWith('http')) url.port = scheme === 'https' ? '443' : '80';
    return url;
  } catch (error) {
    throw invalidHost(text, origin, 'it is not a URL', 'Write it as tcp://HOST:PORT or unix://PATH.', error);
  }
}

function invalidHost(
  text: string,
  origin: string,
  reason: string,
  hint: string,
  cause?: unknown,
): EngineError {
  const shown = printable(text, 300).replace(/\/\/.*@/, '//***@');
  return new EngineError(
    'ENGINE_CONFIG_INVALID',
    `cannot use engine address "${shown}" from ${origin}: ${reason}`,
    {
      hint,
      cause,
    },
  );
}
