import { createPublicKey, type KeyObject } from 'node:crypto';
import { emptyIndex, formatBundleIndex } from '../bundle/bundle-index.ts';
import { DrayError, isDrayError, type ErrorCode } from '../errors.ts';
import { printable } from '../redact.ts';
import type { DocumentStore } from '../transport.ts';
import { openEnvelope, sealEnvelope } from './dsse.ts';
import { formatIndexStatement, parseIndexStatement, statementPayloadType } from './index-statement.ts';
import type { SignedIndex } from './index-statement.ts';

/** What a signature has to be, to count. */
export interface SignatureDemand {
  /** An Ed25519 public key. */
  readonly key: KeyObject;
  /** What the index has to be signed for; undefined: for anything. */
  readonly context?: string | undefined;
  /** The pipeline that has to have signed it, if it says which; undefined: any. */
  readonly pipeline?: string | undefined;
}

/**
 * Reads and checks the signed index of a bundle. Everything else in the bundle is named by digest, from the
 * index on.
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
 * The documents of a bundle, with the signed index in place of `index.json`: the bytes that are read are
 * those that were checked, and nobody can exchange the one for the other in between.
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
  /** An index that is there is not continued. */
  readonly onDropped: (reason: string) => void;
}

/**
 * The documents of a bundle that is being signed: with every `index.json` its signature is written, first. Of
 * an earlier index only what the same key has signed is read back: nothing that somebody else has put there
 * gets a signature.
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
 * Before a run that signs: what an earlier run has left is signed anew in the name of this one, or forgotten
 * where another has signed it. Without this a reader would refuse what is there until the first image has
 * come. An empty place stays empty: an index without a status stands for a finished bundle.
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

/**
 * Before a run that does not sign: no reader must take the signature of an earlier index for that of a new
 * one.
 */
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
      throw refusal('SIGNATURE_INVALID', 'its signature is not by this key, or what was signed was changed');
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
  return text === undefined ? 'nothing that it names' : `"${printable(text, 100)}"`;
}

function refusal(code: ErrorCode, reason: string): DrayError {
  return new DrayError(code, `cannot use the index of the bundle: ${reason}`, {
    hint: 'Pre-pull with --sign and the key that belongs to DRAY_VERIFY_KEY, or find out who has changed the bundle.',
  });
}
