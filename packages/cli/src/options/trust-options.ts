import { parseSigningKey, parseVerificationKey } from '@drayage/core/signature';
import type { OptionTable, PackVerification } from './option.ts';
import type { OptionType } from './option-type.ts';
import { booleanType, choiceType, textType } from './value-types.ts';

const verifications: readonly PackVerification[] = ['digests', 'deep'];

/** The keys of {@link trustOptions}. */
export type TrustOptionKey =
  'verify' | 'deep' | 'sign' | 'signingKey' | 'requireSignature' | 'verifyKey' | 'signatureContext';

/** The options that decide which bundles to trust. */
export const trustOptions: Pick<OptionTable, TrustOptionKey> = {
  verify: {
    flag: 'verify',
    env: 'DRAY_VERIFY',
    configKey: 'verify',
    type: choiceType(verifications),
    default: 'digests',
    summary:
      'how to verify a pack before it is mounted: digests, against the bundle; or deep, also each layer against the diffId in its image, which takes 10 s or more per GB of layers',
  },
  deep: {
    flag: 'deep',
    env: 'DRAY_DEEP',
    type: booleanType,
    default: false,
    summary: 'also rebuild each packed layer and check it against its diffId',
  },
  sign: {
    flag: 'sign',
    env: 'DRAY_SIGN',
    configKey: 'sign',
    type: booleanType,
    default: false,
    summary: 'sign the bundle with the Ed25519 private key in DRAY_SIGNING_KEY',
  },
  signingKey: {
    // No flag: other users can read a command line.
    env: 'DRAY_SIGNING_KEY',
    type: keyType(parseSigningKey),
    default: undefined,
    summary: 'private key for --sign: Ed25519 as PEM (PKCS#8), or base64 of it',
  },
  requireSignature: {
    flag: 'require-signature',
    env: 'DRAY_REQUIRE_SIGNATURE',
    configKey: 'requireSignature',
    type: booleanType,
    default: false,
    summary:
      'refuse a bundle that is not signed with the key in DRAY_VERIFY_KEY, or else in DRAY_SIGNING_KEY',
  },
  verifyKey: {
    env: 'DRAY_VERIFY_KEY',
    type: keyType(parseVerificationKey),
    default: undefined,
    summary:
      'public key to check signatures: Ed25519 as PEM, or base64 of it; default: the public key of DRAY_SIGNING_KEY',
  },
  signatureContext: {
    flag: 'signature-context',
    env: 'DRAY_SIGNATURE_CONTEXT',
    configKey: 'signatureContext',
    type: textType('TEXT'),
    default: undefined,
    summary:
      'purpose of the bundle, such as the repository name; it is part of the signature, and a bundle signed for another purpose is refused',
  },
};

/** The variables that contain keys; never passed to other programs. */
export const keyVariables: readonly string[] = [trustOptions.signingKey.env, trustOptions.verifyKey.env];

function keyType<Key>(parse: (text: string) => Key): OptionType<Key> {
  return { kind: 'string', placeholder: 'KEY', parse };
}
