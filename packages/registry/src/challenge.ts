/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case, values unquoted. The first value of a repeated name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const tokenChars = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const separators = /[\s,]*/y;
const schemePattern = new RegExp(`(${tokenChars})(?=[\\s,]|$)`, 'y');
// Skips one token68 after the scheme (Negotiate, NTLM).
const token68Pattern = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
// Some registries omit the quotes around scopes and URLs, so unquoted values can contain more than token
// characters.
const parameterPattern = new RegExp(
  `(${tokenChars})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\[^])*)"|([^\\s,"]+))`,
  'y',
);

/**
 * The challenges of all `WWW-Authenticate` headers of a response, in order. Never throws: parsing a header
 * stops at the first malformed part and keeps what came before it.
 * @see RFC 9110, section 11.6.1
 */
export function parseChallenges(headers: string | readonly string[] | undefined): readonly Challenge[] {
  if (headers === undefined) return [];
  return (typeof headers === 'string' ? [headers] : headers).flatMap(parseHeader);
}

function parseHeader(text: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = skip(separators, text, 0);
  while (position < text.length) {
    const parameters = challenges.at(-1)?.parameters;
    const parameter = parameters === undefined ? null : matchAt(parameterPattern, text, position);
    if (parameters !== undefined && parameter !== null) {
      addParameter(parameters, parameter);
      position = parameterPattern.lastIndex;
    } else {
      const scheme = matchAt(schemePattern, text, position)?.[1];
      if (scheme === undefined) break;
      challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      position = skip(token68Pattern, text, position + scheme.length);
    }
    position = skip(separators, text, position);
  }
  return challenges;
}

function addParameter(parameters: Map<string, string>, match: RegExpExecArray): void {
  const [, name = '', quoted, bare] = match;
  const key = name.toLowerCase();
  const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\([^])/g, '$1');
  if (!parameters.has(key)) parameters.set(key, value);
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

function skip(pattern: RegExp, text: string, position: number): number {
  return matchAt(pattern, text, position) === null ? position : pattern.lastIndex;
}
