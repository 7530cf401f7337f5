import { digestOf, hexOf } from '../image/digest.ts';
import { isObject, parseJson } from '../image/json.ts';

/**
 * An envelope of an index contains an in-toto attestation.
 * @see https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/envelope.md
 */
export const statementPayloadType = 'application/vnd.in-toto+json';

const statementType = 'https://in-toto.io/Statement/v1';
const predicateType = 'https://drayage.dev/bundle-index/v1';
const subjectName = 'index.json';

/** The content of a signed statement about an index. */
export interface SignedIndex {
  /** The bytes of `index.json`. */
  readonly index: Uint8Array;
  /** ISO 8601. */
  readonly signedAt: string;
  /** The pipeline that signed it, if it had a name. */
  readonly pipeline?: string | undefined;
  /** The purpose of the bundle, as chosen by the signer. */
  readonly context?: string | undefined;
}

/**
 * A statement with `index.json` as its subject, so that other tools can check the file. It also contains the
 * file's bytes, so that a verifier reads exactly the index it has checked.
 */
export function formatIndexStatement({ index, signedAt, pipeline, context }: SignedIndex): Uint8Array {
  const statement = {
    _type: statementType,
    subject: [{ name: subjectName, digest: { sha256: hexOf(digestOf(index)) } }],
    predicateType,
    predicate: {
      signedAt,
      pipeline,
      context,
      index: Buffer.from(index).toString('utf8'),
    },
  };
  return Buffer.from(JSON.stringify(statement));
}

/** Undefined for a statement about another subject. */
export function parseIndexStatement(bytes: Uint8Array): SignedIndex | undefined {
  const statement: unknown = tryParseJson(bytes);
  if (!isObject(statement) || statement['_type'] !== statementType) return undefined;
  const { predicate, subject } = statement;
  if (statement['predicateType'] !== predicateType || !isObject(predicate)) return undefined;
  const { signedAt, pipeline, context, index } = predicate;
  if (typeof signedAt !== 'string' || typeof index !== 'string') return undefined;
  const indexBytes = Buffer.from(index);
  if (!isSubject(subject, hexOf(digestOf(indexBytes)))) return undefined;
  return {
    index: indexBytes,
    signedAt,
    ...(typeof pipeline === 'string' ? { pipeline } : {}),
    ...(typeof context === 'string' ? { context } : {}),
  };
}

function isSubject(subject: unknown, sha256: string): boolean {
  const subjects: readonly unknown[] = Array.isArray(subject) ? subject : [];
  const [only, ...others] = subjects;
  if (!isObject(only) || others.length > 0 || only['name'] !== subjectName) return false;
  return isObject(only['digest']) && only['digest']['sha256'] === sha256;
}

function tryParseJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}
