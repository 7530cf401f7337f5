import type { EndpointAddress } from './endpoint.ts';

/** An engine reached through the `ssh` program. */
export type SshAddress = Extract<EndpointAddress, { readonly kind: 'ssh' }>;

/** Why an `ssh://` text is invalid, and what to do about it. */
export interface SshAddressProblem {
  readonly reason: string;
  readonly hint: string;
}

const howToWrite = 'Write it as ssh://USER@HOST or ssh://USER@HOST:PORT/PATH/OF/docker.sock.';

/**
 * Parses `ssh://[USER@]HOST[:PORT][/PATH]` as the docker client does: PATH is the engine's socket on the
 * remote host. No part of the result can be mistaken for an option of ssh.
 */
export function readSshAddress(text: string): SshAddress | SshAddressProblem {
  const parts = urlParts(text);
  if (parts === undefined) return { reason: 'it is not a URL', hint: howToWrite };
  const { url, user, host, path } = parts;
  if (url.password !== '') {
    return {
      reason: 'passwords are not supported',
      hint: 'Give ssh a key for that host, through its agent or its configuration.',
    };
  }
  if (host === '') return { reason: 'it has no host', hint: howToWrite };
  if (url.search !== '' || url.hash !== '') {
    return { reason: 'only a user, a host, a port and a path are allowed', hint: howToWrite };
  }
  if ([user, host].some((word) => word.startsWith('-'))) {
    return { reason: 'neither a user nor a host may begin with "-"', hint: howToWrite };
  }
  if (hasControls(`${user}${host}${path}`)) return { reason: 'it has control characters', hint: howToWrite };
  return {
    kind: 'ssh',
    host,
    ...(user === '' ? {} : { user }),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(/[^/]/.test(path) ? { socketPath: path } : {}),
  };
}

export function formatSshAddress({ host, user, port, socketPath = '' }: SshAddress): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  const login = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  const place = port === undefined ? '' : `:${String(port)}`;
  return `ssh://${login}${authority}${place}${encodeURI(socketPath)}`;
}

interface UrlParts {
  readonly url: URL;
  readonly user: string;
  readonly host: string;
  readonly path: string;
}

function urlParts(text: string): UrlParts | undefined {
  try {
    const url = new URL(text);
    return {
      url,
      user: decodeURIComponent(url.username),
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      path: decodeURIComponent(url.pathname),
    };
  } catch {
    return undefined;
  }
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
