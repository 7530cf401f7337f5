import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { emptyIndex, formatBundleIndex, withEntry } from '../bundle/bundle-index.ts';
import { parseJsonObject, type JsonObject } from '../image/json.ts';
import { parseReference } from '../image/reference.ts';
import { rejectionCode } from '../testing/contracts/contract.ts';
import { createMemoryTransport } from '../testing/memory-transport.ts';
import { randomImage } from '../testing/random-image.ts';
import type { DocumentStore } from '../transport.ts';
import { preAuthEncoding } from './dsse.ts';
import { parseSigningKey, parseVerificationKey } from './keys.ts';
import {
  claimIndex,
  dropSignature,
  readSignedIndex,
  signingDocuments,
  verifiedDocuments,
} from './signed-documents.ts';

const ours = generateKeyPairSync('ed25519');
const theirs = generateKeyPairSync('ed25519');
const image = randomImage({ seed: 1, layers: 1 });
const index = formatBundleIndex(
  withEntry(emptyIndex, { reference: parseReference('app:1'), target: image.target }),
);
const evil = formatBundleIndex(
  withEntry(emptyIndex, { reference: parseReference('app:1'), target: randomImage({ seed: 2 }).target }),
);

function pemOf(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}

interface Signing {
  readonly key?: KeyObject | undefined;
  readonly context?: string | undefined;
  readonly pipeline?: string | undefined;
}

function signing(place: DocumentStore, { key = ours.privateKey, ...more }: Signing = {}): DocumentStore {
  return signingDocuments(place, { key, ...more, onDropped: () => undefined });
}

async function signedPlace(options: Signing = {}): Promise<DocumentStore> {
  const { documents } = createMemoryTransport();
  await signing(documents, options).write('index.json', index);
  return documents;
}

function verified(place: DocumentStore, demand: Omit<Signing, 'key'> = {}): DocumentStore {
  return verifiedDocuments(place, { key: ours.publicKey, ...demand });
}

async function envelopeOf(place: DocumentStore): Promise<JsonObject> {
  return parseJsonObject((await place.read('dray-signature.json')) ?? new Uint8Array(), 'the envelope');
}

function statementOf({ payload }: JsonObject): string {
  return Buffer.from(String(payload), 'base64').toString();
}

describe('a DSSE envelope', () => {
  test('is signed over the bytes that the protocol requires', () => {
    // The protocol's example.
    const encoded = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });
});

describe('a signed index', () => {
  test('is read as it was signed, even if index.json has changed', async () => {
    const place = await signedPlace();
    expect(await place.read('index.json')).toEqual(Buffer.from(index));
    await place.write('index.json', evil);
    expect(Buffer.from((await verified(place).read('index.json')) ?? [])).toEqual(Buffer.from(index));
  });

  test('can be checked by other tools: it is an in-toto statement about index.json', async () => {
    const place = await signedPlace({ context: 'org/app', pipeline: '7' });
    const envelope = await envelopeOf(place);
    expect(envelope['payloadType']).toBe('application/vnd.in-toto+json');
    expect(JSON.parse(statementOf(envelope))).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'index.json', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
      predicate: { context: 'org/app', pipeline: '7', signedAt: expect.stringMatching(/^\d{4}-/) },
    });
  });

  test('is undefined in an empty location', async () => {
    expect(await verified(createMemoryTransport().documents).read('index.json')).toBeUndefined();
  });

  test('is refused when there is no signature', async () => {
    const { documents } = createMemoryTransport();
    await documents.write('index.json', index);
    expect(await rejectionCode(verified(documents).read('index.json'))).toBe('SIGNATURE_MISSING');
  });

  test('is refused when signed by another key', async () => {
    const place = await signedPlace({ key: theirs.privateKey });
    expect(await rejectionCode(verified(place).read('index.json'))).toBe('SIGNATURE_INVALID');
  });

  test('is refused after a change to any part of the envelope', async () => {
    const place = await signedPlace();
    const envelope = await envelopeOf(place);
    const text = JSON.stringify(envelope);
    const statement = statementOf(envelope);
    const payload = (changed: string): string =>
      JSON.stringify({ ...envelope, payload: Buffer.from(changed).toString('base64') });
    const forgeries = [
      'no JSON',
      '{}',
      payload(statement.replace('app:1', 'app:2')),
      payload(statement.replace(/"signedAt":"2/, '"signedAt":"3')),
      text.replace('in-toto', 'other'),
      JSON.stringify({ ...envelope, signatures: [] }),
      JSON.stringify({ ...envelope, signatures: [{ sig: Buffer.alloc(64).toString('base64') }] }),
      JSON.stringify({ ...envelope, signatures: [{ sig: '' }, { sig: 1 }, null] }),
    ];
    for (const forged of forgeries) {
      await place.write('dray-signature.json', Buffer.from(forged));
      expect(await rejectionCode(verified(place).read('index.json'))).toBe('SIGNATURE_INVALID');
    }
  });

  test('is refused when signed for another context, or by another pipeline', async () => {
    const place = await signedPlace({ context: 'org/other', pipeline: '7' });
    const codeOf = (demand: Omit<Signing, 'key'>): Promise<string | undefined> =>
      rejectionCode(verified(place, demand).read('index.json'));
    expect(await codeOf({ context: 'org/app' })).toBe('SIGNATURE_INVALID');
    expect(await codeOf({ pipeline: '8' })).toBe('SIGNATURE_INVALID');
    const unnamed = await signedPlace();
    expect(await rejectionCode(verified(unnamed, { context: 'org/app' }).read('index.json'))).toBe(
      'SIGNATURE_INVALID',
    );
    await expect(
      readSignedIndex(place, { key: ours.publicKey, context: 'org/other', pipeline: '7' }),
    ).resolves.toMatchObject({
      context: 'org/other',
      pipeline: '7',
    });
  });
});

describe('a run that signs', () => {
  test('continues only an index that the same key has signed', async () => {
    const place = await signedPlace();
    expect(Buffer.from((await signing(place).read('index.json')) ?? [])).toEqual(Buffer.from(index));
    const reasons: string[] = [];
    const other = signingDocuments(place, {
      key: theirs.privateKey,
      onDropped: (reason) => reasons.push(reason),
    });
    expect(await other.read('index.json')).toBeUndefined();
    expect(reasons).toHaveLength(1);
    await place.delete('dray-signature.json');
    expect(await signing(place).read('index.json')).toBeUndefined();
  });

  test('drops an index by another key before it begins, and leaves an empty location empty', async () => {
    const { documents } = createMemoryTransport();
    const options = { key: ours.privateKey, onDropped: () => undefined };
    await claimIndex(documents, options);
    expect(await documents.read('index.json')).toBeUndefined();
    await documents.write('index.json', evil);
    await claimIndex(documents, options);
    expect(await documents.read('index.json')).toEqual(Buffer.from(formatBundleIndex(emptyIndex)));
    expect(await verified(documents).read('index.json')).toEqual(Buffer.from(formatBundleIndex(emptyIndex)));
  });

  test('signs its earlier index again for its own pipeline', async () => {
    const place = await signedPlace({ pipeline: '7' });
    await claimIndex(place, { key: ours.privateKey, pipeline: '8', onDropped: () => undefined });
    expect(Buffer.from((await verified(place, { pipeline: '8' }).read('index.json')) ?? [])).toEqual(
      Buffer.from(index),
    );
  });

  test('loses its signature in a later run that does not sign', async () => {
    const place = await signedPlace();
    await dropSignature(place);
    await dropSignature(place);
    expect(await rejectionCode(verified(place).read('index.json'))).toBe('SIGNATURE_MISSING');
  });
});

describe('a key', () => {
  const pem = pemOf(ours.privateKey, 'pkcs8');
  const publicPem = pemOf(ours.publicKey, 'spki');

  test('is PEM or base64 of it, and a private key also serves as its public key', () => {
    const texts = [pem, pem.replaceAll('\n', '\\n'), Buffer.from(pem).toString('base64')];
    for (const text of texts) {
      expect(parseSigningKey(text).equals(ours.privateKey)).toBe(true);
      expect(parseVerificationKey(text).equals(ours.publicKey)).toBe(true);
    }
    for (const text of [publicPem, Buffer.from(publicPem).toString('base64')]) {
      expect(parseVerificationKey(text).equals(ours.publicKey)).toBe(true);
    }
  });

  test('of another kind is refused without being shown', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const secret = pem.split('\n')[1] ?? '';
    const cut = pem.replace('-----END PRIVATE KEY-----', '');
    for (const text of ['', 'none', publicPem, pemOf(rsa.privateKey, 'pkcs8'), cut]) {
      let message = '';
      try {
        parseSigningKey(text);
      } catch (error) {
        message = JSON.stringify(error, Object.getOwnPropertyNames(error));
      }
      expect(message).toContain('expected an Ed25519 private key');
      expect(message).not.toContain(secret);
    }
    expect(() => parseVerificationKey(pemOf(rsa.publicKey, 'spki'))).toThrow(
      'expected an Ed25519 public key',
    );
  });
});
