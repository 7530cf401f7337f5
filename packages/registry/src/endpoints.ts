import type { Reference } from '@drayage/core';
import { candidateOrigins, canonicalHost, isInsecureHost, type Candidate } from './hosts.ts';
import type { Mirror } from './mirrors.ts';

/** A source for pulling a repository: the registry in its name, or a mirror. */
export interface Endpoint {
  /** Identifies the registry or mirror; equal for all its repositories. */
  readonly key: string;
  /** `host[:port]`, for credentials and messages. */
  readonly registry: string;
  /** The repository's name there. */
  readonly repository: string;
  /** The origins to try, in order. */
  readonly candidates: readonly Candidate[];
  readonly isMirror: boolean;
}

/** The registry in a reference. */
export function registryEndpoint(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  insecureRegistries: readonly string[],
): Endpoint {
  const candidates = candidateOrigins(registry, insecureRegistries);
  return { key: registry, registry, repository, candidates, isMirror: false };
}

/**
 * A repository in a mirror: the path of the mirror's URL precedes its name. GitLab's dependency proxy
 * names the official images of Docker Hub without `library/`; other mirrors keep it.
 * @see https://docs.gitlab.com/user/packages/dependency_proxy/
 */
export function mirrorEndpoint(
  { url, prefix }: Mirror,
  repository: string,
  insecureRegistries: readonly string[],
): Endpoint {
  const isDependencyProxy = prefix.endsWith('/dependency_proxy/containers');
  const name = isDependencyProxy ? repository.replace(/^library\//, '') : repository;
  return {
    key: `mirror ${url.origin}`,
    registry: url.host,
    repository: prefix === '' ? name : `${prefix}/${name}`,
    candidates: mirrorCandidates(url, insecureRegistries),
    isMirror: true,
  };
}

/** True if both are the same registry. */
export function isSameRegistry(a: string, b: string): boolean {
  return canonicalHost(a) === canonicalHost(b);
}

// The scheme is the user's choice: http:// is accepted, and https:// never falls back to plain HTTP.
function mirrorCandidates(url: URL, insecureRegistries: readonly string[]): readonly Candidate[] {
  const verifiesTls = url.protocol === 'https:' && !isInsecureHost(url.host, insecureRegistries);
  return [{ origin: new URL(url.origin), verifiesTls }];
}
