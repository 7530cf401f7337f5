import { createPublicKey, type KeyObject } from 'node:crypto';
import { UsageError, type DocumentStore, type Transport } from '@drayage/core';
import { createDirectoryTransport, type DirectoryTransport } from '@drayage/core/bundle';
import { claimIndex, dropSignature, signingDocuments, verifiedDocuments } from '@drayage/core/signature';
import type { SignatureDemand, SigningOptions } from '@drayage/core/signature';
import { trustOptions } from '../options/trust-options.ts';
import type { Config } from '../options/option.ts';

/** The required signature; undefined: none. @throws UsageError `USAGE` without a key */
export function signatureDemand(config: Config): SignatureDemand | undefined {
  const { requireSignature, signatureContext: context, settled, pipeline } = config;
  if (!requireSignature) return undefined;
  const key = verificationKey(config);
  if (key === undefined) {
    throw new UsageError('USAGE', 'cannot check signatures: no key', {
      hint: `Set ${trustOptions.verifyKey.env} to the public key that belongs to ${trustOptions.signingKey.env}.`,
    });
  }
  // A finished copy can be from another pipeline.
  return { key, context, pipeline: settled ? undefined : pipeline };
}

/** One secret in both jobs is enough: the public key follows from the private key. */
export function verificationKey({ verifyKey, signingKey }: Config): KeyObject | undefined {
  return verifyKey ?? (signingKey === undefined ? undefined : createPublicKey(signingKey));
}

/** Wraps a location so that it accepts only a signed index, if required. @throws UsageError `USAGE` */
export function trusted<Place extends { readonly documents: DocumentStore }>(
  place: Place,
  config: Config,
): Place {
  const demand = signatureDemand(config);
  return demand === undefined ? place : { ...place, documents: verifiedDocuments(place.documents, demand) };
}

/** The bundle on this node. It can be a copy from another pipeline. @throws UsageError `USAGE` */
export function trustedBundle(config: Config): DirectoryTransport {
  return trusted(createDirectoryTransport(config.bundle), { ...config, settled: true });
}

/** The signer of this run; undefined: no signing. @throws UsageError `USAGE` without a key */
export function signing(config: Config, onDropped: (reason: string) => void): SigningOptions | undefined {
  const { sign, signingKey: key, signatureContext: context, pipeline } = config;
  if (!sign) return undefined;
  if (key === undefined) {
    throw new UsageError('USAGE', 'cannot sign the bundle: no key', {
      hint: `Set ${trustOptions.signingKey.env} to a key made with "openssl genpkey -algorithm ed25519".`,
    });
  }
  return { key, context, pipeline, onDropped };
}

/**
 * Wraps a location so that each index is signed as it is written. Without signing, removes an earlier
 * signature. Entries that others added to the index are not signed.
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
