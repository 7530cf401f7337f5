import type { Reference } from '@drayage/core';
import type { Candidate } from './hosts.ts';
import { candidateOrigins, canonicalHost, isInsecureHost } from './hosts.ts';
import type { Mirror } from './mirrors.ts';

/** Where a repository can be pulled from: the registry that its name says, or a mirror. */
export interface Place {
  /** Tells places apart; the same for all repositories of a registry. */
  readonly key: string;
  /** `host[:port]`, whose credentials are used and which messages name. */
  readonly registry: string;
  /** The repository's name there. */
  readonly repository: string;
  /** The origins under which it may answer, in the order to try. */
  readonly candidates: readonly Candidate[];
  readonly isMirror: boolean;
}

/** The registry that a reference names. */
export function originPlace(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  insecureRegistries: readonly string[],
): Place {
  const candidates = candidateOrigins(registry, insecureRegistries);
  return { key: registry, registry, repository, candidates, isMirror: false };
}

/**
 * The place of a repository in a mirror. Its name gets the path of the mirror in front. In GitLab's dependency proxy the official images
 * of Docker Hub are named as people name them, without `library/`; other mirrors keep it.
 * @see https://docs.gitlab.com/user/packages/dependency_proxy/
 */
export function mirrorPlace(
  { url, prefix }: Mirror,
  repository: string,
  insecureRegistries: readonly string[],
): Place {
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

/** True when both name the same registry. */
export function isSameRegistry(a: string, b: string): boolean {
  return canonicalHost(a) === canonicalHost(b);
}

// Whoever writes http:// wants it, and whoever writes https:// does not want to be asked in the open.
function mirrorCandidates(url: URL, insecureRegistries: readonly string[]): readonly Candidate[] {
  const verifiesTls = url.protocol === 'https:' && !isInsecureHost(url.host, insecureRegistries);
  return [{ origin: new URL(url.origin), verifiesTls }];
}
