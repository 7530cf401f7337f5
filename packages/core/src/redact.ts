/**
 * Makes a URL fit for messages and logs: no user info, query or fragment. From text that is not a URL,
 * removes control characters.
 */
export function redactUrl(url: string | URL): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return printable(String(url));
  }
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
