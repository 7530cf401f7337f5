/** A challenge as a server writes it. */
export interface WrittenChallenge {
  readonly scheme: string;
  readonly parameters: readonly WrittenParameter[];
}

export interface WrittenParameter {
  readonly name: string;
  readonly value: string;
  /** Without quotes, where the value allows it. */
  readonly isBare: boolean;
}

/** How a server may write challenges. @see RFC 9110, section 11.6.1 and section 5.6 */
export function writeChallenges(challenges: readonly WrittenChallenge[], separator: string): string {
  return challenges
    .map(({ scheme, parameters }) => `${scheme} ${parameters.map(writeParameter).join(separator)}`)
    .join(separator);
}

function writeParameter({ name, value, isBare }: WrittenParameter): string {
  if (isBare && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return `${name}=${value}`;
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
}

/** What a client has to read: names in lower case, of a repeated name the first value. */
export function readChallenges(
  challenges: readonly WrittenChallenge[],
): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  return challenges.map(({ scheme, parameters }) => [
    scheme.toLowerCase(),
    Object.fromEntries([...parameters].reverse().map(({ name, value }) => [name.toLowerCase(), value])),
  ]);
}
