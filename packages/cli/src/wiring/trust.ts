import { createPublicKey, type KeyObject } from 'node:crypto';
import { UsageError, type DocumentStore, type Transport } from '@drayage/core';
import { claimIndex, dropSignature, signingDocuments, verifiedDocuments } from '@drayage/core/signature';
import type { SignatureDemand, SigningOptions } from '@drayage/core/signature';
import { trustOptions } from '../options/trust-options.ts';
import type { Config } from '../options/option.ts';

/** What a signature has to be here; undefined: none is asked for. @throws UsageError `USAGE` without a key */
export function signatureDemand(config: Config): SignatureDemand | undefined {
  const { requireSignature, signatureContext: context, settled, pipeline } = config;
  if (!requireSignature) return undefined;
  const key = verificationKey(config);
  if (key === undefined) {
    throw new UsageError('USAGE', 'cannot check signatures: there is no key', {
      hint: `Set ${trustOptions.verifyKey.env} to the public key that belongs to ${trustOptions.signingKey.env}.`,
    });
  }
  // A finished copy may be that of another pipeline.
  return { key, context, pipeline: settled ? undefined : pipeline };
}

/** One secret in both jobs is enough: a private key tells its public one. */
export function verificationKey({ verifyKey, signingKey }: Config): KeyObject | undefined {
  return verifyKey ?? (signingKey === undefined ? undefined : createPublicKey(signingKey));
}

/** A place whose index is taken only as it was signed, where that is asked for. @throws UsageError `USAGE` */
export function trusted<Place extends { readonly documents: DocumentStore }>(
  place: Place,
  config: Config,
): Place {
  const demand = signatureDemand(config);
  return demand === undefined ? place : { ...place, documents: verifiedDocuments(place.documents, demand) };
}

/** How this run signs; undefined: it does not. @throws UsageError `USAGE` without a key */
export function signing(config: Config, onDropped: (reason: string) => void): SigningOptions | undefined {
  const { sign, signingKey: key, signatureContext: context, pipeline } = config;
  if (!sign) return undefined;
  if (key === undefined) {
    throw new UsageError('USAGE', 'cannot sign the bundle: there is no key', {
      hint: `Set ${trustOptions.signingKey.env} to a key made with "openssl genpkey -algorithm ed25519".`,
    });
  }
  return { key, context, pipeline, onDropped };
}

/**
 * A place where each index is signed as it is written, or, without signing, one whose earlier signature is
 * gone. What others have put into its index is not continued under a signature.
 */
export async function signed<Location extends Transport>(
  place: Location,
  options: SigningOptions | undefined,
  signal: AbortSignal,
): Promise<Location> {
  if (options === undefined) {
    await dropSignature(place.documents, signal);
    return place;
  }
  await claimIndex(place.documents, options, signal);
  return { ...place, documents: signingDocuments(place.documents, options) };
}
