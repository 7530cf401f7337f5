import { parseSigningKey, parseVerificationKey } from '@drayage/core/signature';
import type { OptionTable, PackVerification } from './option.ts';
import type { OptionType } from './option-type.ts';
import { booleanType, choiceType, textType } from './value-types.ts';

const verifications: readonly PackVerification[] = ['digests', 'deep'];

/** Which they are. */
export type TrustOptionKey =
  'verify' | 'deep' | 'sign' | 'signingKey' | 'requireSignature' | 'verifyKey' | 'signatureContext';

/** The part of the option table that says whom a bundle is taken from. */
export const trustOptions: Pick<OptionTable, TrustOptionKey> = {
  verify: {
    flag: 'verify',
    env: 'DRAY_VERIFY',
    configKey: 'verify',
    type: choiceType(verifications),
    default: 'digests',
    defaultText: 'digests',
    summary:
      'what is checked of a pack before it is mounted: the digests that the bundle names; or deep, each layer against the diffId of its image, which takes 10 s or more for each GB of layers',
  },
  deep: {
    flag: 'deep',
    env: 'DRAY_DEEP',
    configKey: undefined,
    type: booleanType,
    default: false,
    summary: 'rebuild each packed layer too, and check it against its diffId',
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
    // A command line can be read by others.
    flag: undefined,
    env: 'DRAY_SIGNING_KEY',
    configKey: undefined,
    type: keyType(parseSigningKey),
    default: undefined,
    summary: 'private key that --sign signs with: Ed25519 as PEM (PKCS#8), or base64 of it',
  },
  requireSignature: {
    flag: 'require-signature',
    env: 'DRAY_REQUIRE_SIGNATURE',
    configKey: 'requireSignature',
    type: booleanType,
    default: false,
    summary:
      'take nothing from a bundle that was not signed with the key of DRAY_VERIFY_KEY, or else of DRAY_SIGNING_KEY',
  },
  verifyKey: {
    flag: undefined,
    env: 'DRAY_VERIFY_KEY',
    configKey: undefined,
    type: keyType(parseVerificationKey),
    default: undefined,
    summary:
      'public key that signatures are checked with: Ed25519 as PEM, or base64 of it; without it that of DRAY_SIGNING_KEY',
  },
  signatureContext: {
    flag: 'signature-context',
    env: 'DRAY_SIGNATURE_CONTEXT',
    configKey: 'signatureContext',
    type: textType('TEXT'),
    default: undefined,
    summary:
      'what the bundle is for, such as the name of the repository: it is signed too, and a bundle signed for something else is refused',
  },
};

/** The variables that hold keys, which no other program gets to see. */
export const keyVariables: readonly string[] = [trustOptions.signingKey.env, trustOptions.verifyKey.env];

function keyType<Key>(parse: (text: string) => Key): OptionType<Key> {
  return { kind: 'string', placeholder: 'KEY', parse };
}
