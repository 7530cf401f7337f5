// Signing bundles and verifying their signatures.
export { parseSigningKey, parseVerificationKey } from './signature/keys.ts';
export type { SignatureDemand, SigningOptions } from './signature/signed-documents.ts';
export {
  claimIndex,
  dropSignature,
  readSignedIndex,
  signingDocuments,
  verifiedDocuments,
} from './signature/signed-documents.ts';
