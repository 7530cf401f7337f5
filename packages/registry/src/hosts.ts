import { isLoopback } from '@drayage/http';

/** One way to reach a registry. */
export interface Candidate {
  readonly origin: URL;
  readonly verifiesTls: boolean;
}

const hubHosts = new Set(['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

/**
 * `host[:port]` in lower case, without scheme, `/v1/` or `/v2/`; `docker.io` for all names of Docker Hub.
 */
export function canonicalHost(text: string): string {
  const host = text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/(?:\/v[12])?\/?$/, '');
  return hubHosts.has(host) ? 'docker.io' : host;
}

/**
 * The origins to try for `registry`, in order. An ordinary registry has one, with
 * verified TLS. Loopback is as trusted as the machine itself: plain HTTP first, then unverified TLS. A
 * registry listed as insecure: unverified TLS first, then plain HTTP. A list entry matches exactly: `host`
 * does not match `host:5000`.
 */
export function candidateOrigins(
  registry: string,
  insecureRegistries: readonly string[],
): readonly Candidate[] {
  const authority = canonicalHost(registry) === 'docker.io' ? 'registry-1.docker.io' : registry.toLowerCase();
  const secure = { origin: new URL(`https://${authority}`), verifiesTls: true };
  const unverified = { ...secure, verifiesTls: false };
  const plain = { origin: new URL(`http://${authority}`), verifiesTls: false };
  if (isLoopback(authority)) return [plain, unverified];
  return isListed(registry, insecureRegistries) ? [unverified, plain] : [secure];
}

/** True if `host` (`host[:port]`) needs neither encryption nor a trusted certificate. */
export function isInsecureHost(host: string, insecureRegistries: readonly string[]): boolean {
  return isLoopback(host) || isListed(host, insecureRegistries);
}

function isListed(host: string, insecureRegistries: readonly string[]): boolean {
  const wanted = canonicalHost(host);
  return insecureRegistries.some((entry) => canonicalHost(entry) === wanted);
}
