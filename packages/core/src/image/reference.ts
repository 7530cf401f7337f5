import { InvalidReferenceError } from '../errors.ts';
import { printable } from '../redact.ts';
import { isDigest, type Digest } from './digest.ts';

/**
 * A parsed image reference. `registry` and `repository` are canonical: `redis` is `docker.io` +
 * `library/redis`. At least one of `tag` and `digest` is set after {@link parseReference} (the tag defaults
 * to `latest`).
 * @see distribution/reference v0.6 (the grammar the docker client uses)
 */
export interface Reference {
  /** `host[:port]`; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** The path without the host. */
  readonly repository: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const ipv6 = '\\[(?:[a-fA-F0-9:]+)\\]';
const domainPattern = new RegExp(`^(?:${domainComponent}(?:\\.${domainComponent})*|${ipv6})(?::[0-9]+)?$`);
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const maxNameLength = 255;

/**
 * Parses the argument of `docker pull`. @throws InvalidReferenceError `REFERENCE_INVALID` that names the
 * invalid part
 */
export function parseReference(text: string): Reference {
  const { name, tag, digest } = splitReference(text);
  const { registry, repository } = splitName(name);
  checkName(text, registry, repository);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(
      text,
      `"${printable(tag, 140)}" is not a tag`,
      'Use at most 128 letters, digits, "_", "." and "-", and do not begin with "." or "-".',
    );
  }
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(
      text,
      `"${printable(digest, 140)}" is not a sha256 digest`,
      'Write it as sha256: and 64 lower-case hex digits.',
    );
  }
  const effectiveTag = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    registry,
    repository,
    tag: effectiveTag,
    digest,
  };
}

/** Like {@link parseReference}, but returns undefined for invalid text. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}

/** The canonical form with all defaults: `docker.io/library/redis:7`. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${suffixed(reference.repository, reference)}`;
}

/** The form that users and `docker images` use: `redis:7`, `ghcr.io/org/app@sha256:…`. */
export function familiarReference(reference: Reference): string {
  return suffixed(familiarName(reference), reference);
}

/**
 * `redis`, `org/app` or `ghcr.io/org/app`: no tag, no digest. Includes `docker.io/` only when the name would
 * be misread without it, as in `docker.io/localhost/app`.
 */
export function familiarName({ registry, repository }: Reference): string {
  if (registry !== 'docker.io') return `${registry}/${repository}`;
  if (/^library\/[^/]+$/.test(repository)) return repository.slice('library/'.length);
  return splitName(repository).registry === 'docker.io' ? repository : `${registry}/${repository}`;
}

/** True when both have the same registry, repository, tag and digest. */
export function sameReference(a: Reference, b: Reference): boolean {
  return formatReference(a) === formatReference(b);
}

function suffixed(name: string, { tag, digest }: Reference): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function splitReference(text: string): {
  name: string;
  tag?: string | undefined;
  digest?: string | undefined;
} {
  const at = text.indexOf('@');
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  return {
    name: hasTag ? beforeDigest.slice(0, colon) : beforeDigest,
    ...(hasTag ? { tag: beforeDigest.slice(colon + 1) } : {}),
    ...(at < 0 ? {} : { digest: text.slice(at + 1) }),
  };
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isDomain =
    slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = isDomain ? first : 'docker.io';
  const path = isDomain ? name.slice(slash + 1) : name;
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return { registry, repository: path };
  return { registry: 'docker.io', repository: path.includes('/') ? path : `library/${path}` };
}

function checkName(text: string, registry: string, repository: string): void {
  if (text === '') throw invalid(text, 'it is empty', 'Write an image name such as redis:7.');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw invalid(text, 'it is a URL', 'Leave out the scheme: registry.example/app:1.');
  }
  if (!domainPattern.test(registry))
    throw invalid(text, `"${printable(registry, 140)}" is not a registry host`);
  if (!pathPattern.test(repository)) {
    const hasUpper = /[A-Z]/.test(repository);
    throw invalid(
      text,
      `"${printable(repository, 140)}" is not a repository name${hasUpper ? ' (it must be lower case)' : ''}`,
      'Use lower-case letters and digits, separated by ".", "_", "__", "-" or "/".',
    );
  }
  if (`${registry}/${repository}`.length > maxNameLength) {
    throw invalid(text, `the name is longer than ${String(maxNameLength)} characters`);
  }
  // Only the bare text: `library/<64 hex>` and `<64 hex>:tag` are names.
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(text, 'it is an image ID', 'Use the name of the image.');
  }
}

function invalid(text: string, reason: string, hint?: string): InvalidReferenceError {
  return new InvalidReferenceError(
    'REFERENCE_INVALID',
    `cannot parse image reference "${printable(text, 300)}": ${reason}`,
    {
      hint,
    },
  );
}
