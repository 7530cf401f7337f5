import { createPublicKey, type KeyObject } from 'node:crypto';
import { emptyIndex, formatBundleIndex } from '../bundle/bundle-index.ts';
import { DrayError, isDrayError, type ErrorCode } from '../errors.ts';
import { printable } from '../redact.ts';
import type { DocumentStore } from '../transport.ts';
import { openEnvelope, sealEnvelope } from './dsse.ts';
import { formatIndexStatement, parseIndexStatement, statementPayloadType } from './index-statement.ts';
import type { SignedIndex } from './index-statement.ts';

/** The requirements on a signature. */
export interface SignatureDemand {
  /** An Ed25519 public key. */
  readonly key: KeyObject;
  /** The required context of the signature; undefined: any. */
  readonly context?: string | undefined;
  /** The required pipeline, for a signature that names one; undefined: any. */
  readonly pipeline?: string | undefined;
}

/**
 * Reads and checks the signed index of a bundle. The index names everything else in the bundle by digest.
 * @throws DrayError `SIGNATURE_MISSING`, `SIGNATURE_INVALID`; what the store throws
 */
export async function readSignedIndex(
  documents: DocumentStore,
  demand: SignatureDemand,
  signal?: AbortSignal,
): Promise<SignedIndex | undefined> {
  const envelope = await documents.read('dray-signature.json', signal);
  if (envelope !== undefined) return checkEnvelope(envelope, demand);
  if ((await documents.read('index.json', signal)) === undefined) return undefined;
  throw refusal('SIGNATURE_MISSING', 'it is not signed');
}

/**
 * The documents of a bundle, with the signed index in place of `index.json`: readers get exactly the bytes
 * that were checked, so they cannot be exchanged in between.
 */
export function verifiedDocuments(documents: DocumentStore, demand: SignatureDemand): DocumentStore {
  return {
    ...documents,
    async read(name, signal) {
      if (name !== 'index.json') return documents.read(name, signal);
      return (await readSignedIndex(documents, demand, signal))?.index;
    },
  };
}

export interface SigningOptions {
  /** An Ed25519 private key. */
  readonly key: KeyObject;
  readonly context?: string | undefined;
  readonly pipeline?: string | undefined;
  /** Called when an existing index is not continued. */
  readonly onDropped: (reason: string) => void;
}

/**
 * The documents of a bundle that is being signed: writes a signature before every `index.json`. Reads back an
 * earlier index only if the same key signed it, so that foreign content never gets a signature.
 */
export function signingDocuments(documents: DocumentStore, options: SigningOptions): DocumentStore {
  const { key, context, pipeline, onDropped } = options;
  const demand = { key: createPublicKey(key), context };
  return {
    ...documents,
    async read(name, signal) {
      if (name !== 'index.json') return documents.read(name, signal);
      try {
        return (await readSignedIndex(documents, demand, signal))?.index;
      } catch (error) {
        if (!isDrayError(error, 'SIGNATURE_MISSING', 'SIGNATURE_INVALID')) throw error;
        onDropped(error.message);
        return undefined;
      }
    },
    async write(name, bytes, signal) {
      if (name === 'index.json') {
        const signedAt = new Date().toISOString();
        const statement = formatIndexStatement({
          ...{ index: bytes, signedAt },
          pipeline,
          context,
        });
        const envelope = sealEnvelope(statementPayloadType, statement, key);
        await documents.write('dray-signature.json', envelope, signal);
      }
      await documents.write(name, bytes, signal);
    },
  };
}

/**
 * Call before a run that signs: signs an earlier index again for this run, or drops it when another key
 * signed it. Otherwise readers would refuse it until the first image has arrived. An empty location stays
 * empty, because an index without a status means a finished bundle.
 */
export async function claimIndex(
  documents: DocumentStore,
  options: SigningOptions,
  signal?: AbortSignal,
): Promise<void> {
  const isEmpty =
    (await documents.read('dray-signature.json', signal)) === undefined &&
    (await documents.read('index.json', signal)) === undefined;
  if (isEmpty) return;
  const signing = signingDocuments(documents, options);
  const index = await signing.read('index.json', signal);
  await signing.write('index.json', index ?? formatBundleIndex(emptyIndex), signal);
}

/** Call before a run that does not sign: readers must not apply an earlier signature to a new index. */
export async function dropSignature(documents: DocumentStore, signal?: AbortSignal): Promise<void> {
  if ((await documents.read('dray-signature.json', signal)) === undefined) return;
  await documents.delete('dray-signature.json', signal);
}

function checkEnvelope(bytes: Uint8Array, { key, context, pipeline }: SignatureDemand): SignedIndex {
  const opened = openEnvelope(bytes, statementPayloadType, key);
  switch (opened.kind) {
    case 'malformed':
      throw refusal('SIGNATURE_INVALID', 'its signature cannot be read');
    case 'other-type':
      throw refusal('SIGNATURE_INVALID', 'its signature is about something else');
    case 'other-key':
      throw refusal('SIGNATURE_INVALID', 'it was signed with another key, or changed afterwards');
    case 'signed':
  }
  const signed = parseIndexStatement(opened.payload);
  if (signed === undefined) throw refusal('SIGNATURE_INVALID', 'its signature is about something else');
  if (context !== undefined && signed.context !== context) {
    throw refusal('SIGNATURE_INVALID', `it was signed for ${quoted(signed.context)}`);
  }
  if (pipeline !== undefined && signed.pipeline !== undefined && signed.pipeline !== pipeline) {
    throw refusal('SIGNATURE_INVALID', `it was signed by pipeline ${quoted(signed.pipeline)}`);
  }
  return signed;
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'no named purpose' : `"${printable(text, 100)}"`;
}

function refusal(code: ErrorCode, reason: string): DrayError {
  return new DrayError(code, `cannot use the index of the bundle: ${reason}`, {
    hint: 'Pre-pull with --sign and the key that belongs to DRAY_VERIFY_KEY, or find out who changed the bundle.',
  });
}
