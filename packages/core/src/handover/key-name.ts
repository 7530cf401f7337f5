import { createHash } from 'node:crypto';

/** Names that begin with an underscore are free for what a driver keeps beside the keys. */
const keyPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_-])?$/;

/**
 * The name under which a handover location keeps the documents of a bundle: at most 80 of the characters
 * `A-Z a-z 0-9 _ . -`, fit for a tag of a registry, a path segment and a file name. Any other text becomes a
 * readable name with a hash, so that two texts never share a name.
 */
export function keyName(text: string): string {
  if (keyPattern.test(text)) return text;
  const readable = text
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 60);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return readable === '' ? `key-${hash}` : `${readable}-${hash}`;
}
