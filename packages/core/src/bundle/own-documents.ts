import { DrayError, isDrayError, reasonOf, type ErrorCode } from '../errors.ts';
import { parseJsonObject, type JsonObject } from '../image/json.ts';
import { matchesChecksum } from '../store/document-checksum.ts';
import type { DocumentName, DocumentStore } from '../transport.ts';

type OwnDocument = Exclude<DocumentName, 'index.json'>;

const damageCodes: Readonly<Record<OwnDocument, ErrorCode>> = {
  'dray-status.json': 'STATUS_INVALID',
  'dray-signature.json': 'SIGNATURE_INVALID',
};

/**
 * A document that only drayage writes, as stored; undefined when the bundle has none. Checks its checksum,
 * but not its members. @throws DrayError `STATUS_INVALID`, `SIGNATURE_INVALID`; what the store throws
 */
export async function readOwnDocument(
  documents: DocumentStore,
  name: OwnDocument,
  signal?: AbortSignal,
): Promise<JsonObject | undefined> {
  const bytes = await documents.read(name, signal);
  if (bytes === undefined) return undefined;
  const document = parse(bytes, name);
  if (matchesChecksum(bytes, document)) return document;
  throw new DrayError(
    damageCodes[name],
    `cannot read ${name}: its checksum does not match, so it is damaged`,
  );
}

/** The errors of those documents that are damaged. @throws what the store throws */
export async function findDamagedDocuments(
  documents: DocumentStore,
  signal?: AbortSignal,
): Promise<readonly DrayError[]> {
  const damaged: DrayError[] = [];
  for (const name of ['dray-status.json', 'dray-signature.json'] as const) {
    try {
      await readOwnDocument(documents, name, signal);
    } catch (error) {
      if (!isDrayError(error, damageCodes[name])) throw error;
      damaged.push(error);
    }
  }
  return damaged;
}

function parse(bytes: Uint8Array, name: OwnDocument): JsonObject {
  try {
    return parseJsonObject(bytes, name);
  } catch (error) {
    throw new DrayError(damageCodes[name], reasonOf(error), { cause: error });
  }
}
