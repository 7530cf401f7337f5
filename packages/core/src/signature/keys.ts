import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { UsageError } from '../errors.ts';

/**
 * The key to sign with: an Ed25519 private key as PEM (PKCS#8), or base64 of that. Errors say nothing of the
 * text.
 * @throws UsageError `USAGE`
 */
export function parseSigningKey(text: string): KeyObject {
  return parseKey(text, 'an Ed25519 private key', createPrivateKey);
}

/**
 * The key to check signatures with: an Ed25519 public key as PEM, or base64 of that. A private key stands for
 * its public one.
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
    // What the library says may quote the text.
    return undefined;
  }
}

const mark = '-----BEGIN ';

/** Some CI systems keep the lines of a variable as `\n`. */
function pemOf(text: string): string {
  const pem = text.includes(mark) ? text : Buffer.from(text, 'base64').toString('utf8');
  return pem.replaceAll('\\n', '\n').trim();
}
