import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import type { DocumentStore } from '@drayage/core';
import { parseSigningKey, parseVerificationKey, readSignedIndex } from '@drayage/core/signature';
import { claim, claimEqual, resolvedOf, valueOf } from '../claims.ts';
import { mutatedJson, type Json } from '../generators/json.ts';
import { pieced, repeated } from '../generators/text.ts';
import { mutated } from '../generators/bytes.ts';
import { defineTarget, type Target } from '../target.ts';

// Written from the DSSE protocol, independent of the code under test.
// @see https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const payloadType = 'application/vnd.in-toto+json';

function envelopeOf(payload: Buffer, type = payloadType): { readonly [key: string]: Json } {
  const encoded = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  const signature = sign(null, Buffer.concat([Buffer.from(encoded), payload]), privateKey);
  return {
    payloadType: type,
    payload: payload.toString('base64'),
    signatures: [{ keyid: 'k', sig: signature.toString('base64') }],
  };
}

function statementOf(index: string): { readonly [key: string]: Json } {
  const sha256 = createHash('sha256').update(index).digest('hex');
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'index.json', digest: { sha256 } }],
    predicateType: 'https://drayage.dev/bundle-index/v1',
    predicate: { signedAt: '2024-01-01T00:00:00Z', pipeline: '7', context: 'org/app', index },
  };
}

function holding(bytes: Uint8Array): DocumentStore {
  return {
    read: (name) => Promise.resolve(name === 'dray-signature.json' ? bytes : undefined),
    write: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  };
}

const indexText = '{"schemaVersion":2,"manifests":[]}';
const signedEnvelope = envelopeOf(Buffer.from(JSON.stringify(statementOf(indexText))));

const envelopes = defineTarget(
  'signature-envelopes',
  mutatedJson(fc.constant(signedEnvelope)),
  async (bytes) => {
    const signed = await resolvedOf(['SIGNATURE_INVALID'], () =>
      readSignedIndex(holding(bytes), { key: publicKey }),
    );
    if (signed === undefined) return;
    // Whatever was changed around it: nobody else can sign, so it has to be the index that was signed.
    claimEqual(Buffer.from(signed.index).toString(), indexText, 'an index was accepted that was not signed');
    claimEqual(
      [signed.pipeline, signed.context],
      ['7', 'org/app'],
      'a purpose was accepted that was not signed',
    );
  },
);

const indexTexts = fc.oneof(fc.constant(indexText), fc.string({ unit: 'binary', maxLength: 60 }));

const statements = defineTarget(
  'signature-statements',
  fc.record({
    payload: mutatedJson(indexTexts.map(statementOf)),
    context: fc.constantFrom(undefined, 'org/app', 'x'),
  }),
  async ({ payload, context }) => {
    const envelope = Buffer.from(JSON.stringify(envelopeOf(payload)));
    const signed = await resolvedOf(['SIGNATURE_INVALID'], () =>
      readSignedIndex(holding(envelope), { key: publicKey, context, pipeline: '7' }),
    );
    if (signed === undefined) return;
    const sha256 = createHash('sha256').update(signed.index).digest('hex');
    claim(payload.includes(sha256), 'the statement is not about this index');
    if (context !== undefined) claimEqual(signed.context, context, 'a signature for another purpose');
  },
);

const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const keyPieces = [
  '-----BEGIN ',
  'PRIVATE KEY-----',
  '-----END ',
  'PUBLIC KEY-----',
  '\n',
  '\\n',
  'MC4CAQ',
  pem,
  publicPem,
];

const keys = defineTarget(
  'signature-keys',
  fc.oneof(
    {
      arbitrary: mutated(fc.constantFrom(Buffer.from(pem), Buffer.from(publicPem)), 3).map((bytes) =>
        bytes.toString(),
      ),
      weight: 10,
    },
    { arbitrary: pieced(keyPieces, 6), weight: 8 },
    { arbitrary: repeated(keyPieces), weight: 1 },
  ),
  (text) => {
    const key = valueOf(['USAGE'], () => parseSigningKey(text));
    const verifying = valueOf(['USAGE'], () => parseVerificationKey(text));
    if (key === undefined) return;
    claimEqual(key.asymmetricKeyType, 'ed25519', 'a key of another kind');
    claim(key.type === 'private' && verifying?.type === 'public', 'a private key is no verification key');
    claimEqual(
      parseSigningKey(text.replaceAll('\n', '\\n')).equals(key),
      true,
      'escaped line breaks give another key',
    );
  },
);

export const signatureTargets: readonly Target[] = [envelopes, statements, keys];
