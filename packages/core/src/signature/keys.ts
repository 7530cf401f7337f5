import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { UsageError } from '../errors.ts';

/**
 * Parses a signing key: an Ed25519 private key as PEM (PKCS#8), or base64 of that. Errors never quote the
 * text.
 * @throws UsageError `USAGE`
 */
export function parseSigningKey(text: string): KeyObject {
  return parseKey(text, 'an Ed25519 private key', createPrivateKey);
}

/**
 * Parses a verification key: an Ed25519 public key as PEM, or base64 of that. Accepts a private key too and
 * uses its public key.
 * @throws UsageError `USAGE`
 */
export function parseVerificationKey(text: string): KeyObject {
  return parseKey(text, 'an Ed25519 public key', createPublicKey);
}

function parseKey(text: string, what: string, parse: (pem: string) => KeyObject): KeyObject {
  const key = tryParse(text, parse);
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new UsageError('USAGE', `expected ${what} as PEM, or base64 of it`, {
    hint: 'Make a key with "openssl genpkey -algorithm ed25519".',
  });
}

function tryParse(text: string, parse: (pem: string) => KeyObject): KeyObject | undefined {
  try {
    return parse(pemOf(text));
  } catch {
    // The library's error may quote the text.
    return undefined;
  }
}

const mark = '-----BEGIN ';

/** Some CI systems store a variable's line breaks as `\n`. */
function pemOf(text: string): string {
  const pem = text.includes(mark) ? text : Buffer.from(text, 'base64').toString('utf8');
  return pem.replaceAll('\\n', '\n').trim();
}
