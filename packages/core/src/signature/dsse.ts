import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { isObject, parseJson } from '../image/json.ts';
import { formatWithChecksum, matchesChecksum } from '../store/document-checksum.ts';

/**
 * The bytes that a DSSE signature covers. Implemented here because the libraries for it bring certificates
 * and timestamps along.
 * @see https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  const head = `DSSEv1 ${String(type.length)} ${payloadType} ${String(payload.length)} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** A signed envelope as JSON. `key` is an Ed25519 private key. */
export function sealEnvelope(payloadType: string, payload: Uint8Array, key: KeyObject): Uint8Array {
  const signature = sign(null, preAuthEncoding(payloadType, payload), key);
  const envelope = {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: keyId(createPublicKey(key)), sig: signature.toString('base64') }],
  };
  return formatWithChecksum(envelope);
}

export type OpenedEnvelope =
  | { readonly kind: 'signed'; readonly payload: Uint8Array }
  | { readonly kind: 'malformed' | 'other-type' | 'other-key' };

/** The payload of an envelope of this type, if `key`, an Ed25519 public key, made any of its signatures. */
export function openEnvelope(bytes: Uint8Array, payloadType: string, key: KeyObject): OpenedEnvelope {
  const envelope = parseEnvelope(bytes);
  if (envelope === undefined) return { kind: 'malformed' };
  if (envelope.payloadType !== payloadType) return { kind: 'other-type' };
  const signed = preAuthEncoding(payloadType, envelope.payload);
  const isSigned = envelope.signatures.some((signature) => verify(null, signed, key, signature));
  return isSigned ? { kind: 'signed', payload: envelope.payload } : { kind: 'other-key' };
}

/** Names a public key in an envelope; only informative. */
function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** More than any real envelope has. */
const maxSignatures = 16;

function parseEnvelope(bytes: Uint8Array): Envelope | undefined {
  const value = tryParseJson(bytes);
  if (!isObject(value) || !matchesChecksum(bytes, value)) return undefined;
  const { payloadType, payload, signatures } = value;
  if (typeof payloadType !== 'string' || typeof payload !== 'string' || !Array.isArray(signatures)) {
    return undefined;
  }
  const found = signatures.slice(0, maxSignatures).flatMap((signature: unknown) => {
    const sig = isObject(signature) ? signature['sig'] : undefined;
    return typeof sig === 'string' ? [Buffer.from(sig, 'base64')] : [];
  });
  return { payloadType, payload: Buffer.from(payload, 'base64'), signatures: found };
}

function tryParseJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}
