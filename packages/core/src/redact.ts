/**
 * Makes a URL fit for messages and logs: no user info, query or fragment. Text that is not a URL of a host or
 * a file may be one without its scheme, or with a mistake in it: loses the same parts, and control
 * characters.
 */
export function redactUrl(url: string | URL): string {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed !== undefined && (parsed.host !== '' || parsed.protocol === 'file:')) {
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  }
  const withoutUserInfo = text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^]*@/i, '$1');
  return printable(withoutUserInfo.replace(/[?#][^]*$/, ''));
}

/**
 * Replaces every occurrence of each secret by `***`, longest first so that no part of a longer one remains.
 */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length);
  return known.reduce((masked, secret) => masked.split(secret).join('***'), text);
}

/**
 * Makes outside text safe to print on a terminal: replaces control characters by spaces and keeps at most
 * `maxLength` characters.
 */
export function printable(text: string, maxLength = 2000): string {
  const cleaned = Array.from(text, (char) => (isControl(char) ? ' ' : char)).join('');
  return cleaned.length > maxLength ? `${cleaned.slice(0, maxLength)}…` : cleaned;
}

function isControl(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
