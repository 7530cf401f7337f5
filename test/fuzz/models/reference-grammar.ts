// Docker's grammar of image references, written down from its definition and independent of the parser under
// test.
// @see github.com/distribution/reference v0.6.0: regexp.go (expressions), normalize.go (ParseNormalizedNamed)

/** What Docker reads in a reference. */
export interface ModelReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const alphanumeric = '[a-z0-9]+';
const separator = '(?:[._]|__|[-]+)';
const domainNameComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const optionalPort = '(?::[0-9]+)?';
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9A-Fa-f]{32,}';
const ipv6address = '\\[(?:[a-fA-F0-9:]+)\\]';
const domainName = `${domainNameComponent}(?:\\.${domainNameComponent})*`;
const domainAndPort = `(?:${domainName}|${ipv6address})${optionalPort}`;
const pathComponent = `${alphanumeric}(?:${separator}${alphanumeric})*`;
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const name = `(?:${domainAndPort}/)?${remoteName}`;

const referencePattern = new RegExp(`^(${name})(?::(${tag}))?(?:@(${digest}))?$`);
const namePattern = new RegExp(`^(?:(${domainAndPort})/)?(${remoteName})$`);
const identifier = /^[a-f0-9]{64}$/;
const maxNameLength = 255;

/**
 * Parses a reference as Docker does; undefined if Docker refuses it. The tag is `latest` where Docker adds
 * it. Digests of other algorithms than SHA-256 are refused: Docker knows sha384 and sha512 as well, drayage
 * does not.
 */
export function modelParse(text: string): ModelReference | undefined {
  if (identifier.test(text)) return undefined;
  const { domain, remainder } = splitDomain(text);
  const remote = remainder.split(':', 1)[0] ?? '';
  if (remote.toLowerCase() !== remote) return undefined;
  const [, fullName, foundTag, foundDigest] = referencePattern.exec(`${domain}/${remainder}`) ?? [];
  if (fullName === undefined || fullName.length > maxNameLength) return undefined;
  const [, registry, repository] = namePattern.exec(fullName) ?? [];
  if (registry === undefined || repository === undefined) return undefined;
  if (foundDigest !== undefined && !/^sha256:[a-f0-9]{64}$/.test(foundDigest)) return undefined;
  const defaultTag = foundDigest === undefined ? 'latest' : undefined;
  return { registry, repository, tag: foundTag ?? defaultTag, digest: foundDigest };
}

function splitDomain(text: string): { readonly domain: string; readonly remainder: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { domain: 'docker.io', remainder: `library/${text}` };
  const [first, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  const split = domainOf(first, rest, text);
  const isFamiliar = split.domain === 'docker.io' && !split.remainder.includes('/');
  return isFamiliar ? { domain: 'docker.io', remainder: `library/${split.remainder}` } : split;
}

function domainOf(
  first: string,
  rest: string,
  text: string,
): { readonly domain: string; readonly remainder: string } {
  if (first === 'localhost') return { domain: first, remainder: rest };
  if (first === 'index.docker.io') return { domain: 'docker.io', remainder: rest };
  if (/[.:]/.test(first) || first.toLowerCase() !== first) return { domain: first, remainder: rest };
  return { domain: 'docker.io', remainder: text };
}
