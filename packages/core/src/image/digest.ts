import { createHash } from 'node:crypto';
import { DrayError } from '../errors.ts';
import { printable } from '../redact.ts';

declare const brand: unique symbol;

/**
 * `sha256:<64 lower-case hex>` of bytes exactly as stored or transferred. @see image-spec v1.1.1,
 * descriptor.md "Digests"
 */
export type Digest = string & { readonly [brand]: 'Digest' };

const sha256Pattern = /^sha256:[a-f0-9]{64}$/;

/** True for a sha256 digest in canonical form. */
export function isDigest(text: string): text is Digest {
  return sha256Pattern.test(text);
}

/**
 * Parses a digest; `of` names where it was found. @throws DrayError `DIGEST_INVALID` for anything but
 * `sha256:<64 hex>`, naming an unsupported algorithm
 */
export function parseDigest(text: string, of?: string): Digest {
  if (isDigest(text)) return text;
  const algorithm = /^([a-z0-9+._-]+):[a-zA-Z0-9=_-]+$/.exec(text)?.[1];
  const reason =
    algorithm !== undefined && algorithm !== 'sha256'
      ? `algorithm ${algorithm} is not supported, only sha256 is`
      : 'expected sha256: and 64 lower-case hex digits';
  const where = of === undefined ? '' : ` of ${of}`;
  throw new DrayError('DIGEST_INVALID', `cannot parse digest "${printable(text, 200)}"${where}: ${reason}`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return fromHex(createHash('sha256').update(bytes).digest('hex'));
}

/** @throws DrayError `DIGEST_INVALID` unless `hex` is 64 lower-case hex digits */
export function fromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

/** The 64 hex digits of a digest, without the algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The first 12 hex digits, for progress lines. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}
