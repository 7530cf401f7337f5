/** One way to reach a registry. */
export interface Candidate {
  readonly origin: URL;
  readonly verifiesTls: boolean;
}

const hubHosts = new Set(['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

/** `host[:port]` in lower case, without scheme, `/v1/` or `/v2/`; every name of Docker Hub becomes `docker.io`. Other paths stay. */
export function canonicalHost(text: string): string {
  const host = text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/(?:\/v[12])?\/?$/, '');
  return hubHosts.has(host) ? 'docker.io' : host;
}

/**
 * The origins under which `registry` may answer, in the order to try. An ordinary registry has one, with verified TLS. Loopback is as
 * trusted as the machine itself, so plain HTTP comes first there, then unverified TLS. A registry listed as insecure is tried with
 * unverified TLS first, then with plain HTTP. A list entry matches exactly: `host` does not stand for `host:5000`.
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

/** True when neither encryption nor a trusted certificate is asked of `host` (`host[:port]`). */
export function isInsecureHost(host: string, insecureRegistries: readonly string[]): boolean {
  return isLoopback(host) || isListed(host, insecureRegistries);
}

function isListed(host: string, insecureRegistries: readonly string[]): boolean {
  const wanted = canonicalHost(host);
  return insecureRegistries.some((entry) => canonicalHost(entry) === wanted);
}

/** True for `localhost` and the addresses of this machine itself, with or without a port. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}
