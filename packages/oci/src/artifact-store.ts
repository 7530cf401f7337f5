import { Readable } from 'node:stream';
import { RegistryError } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import type { Repository } from '@drayage/registry';
import { makeArtifact, type ArtifactForm, type DocumentArtifact, type MadeBlob } from './artifact.ts';

/** Writes artifacts, in the form that the registry accepts. */
export interface ArtifactStore {
  /** Replaces what `tag` names. */
  put(tag: string, document: DocumentArtifact, signal: AbortSignal | undefined): Promise<void>;
}

/** The registries that refuse artifacts; found out once per process. */
const imageRegistries = new Set<string>();

/** `registry`: `host[:port]` of the repository. */
export function createArtifactStore(repository: Repository, registry: string): ArtifactStore {
  const uploaded = new Set<string>();
  const ensureBlob = async (
    { descriptor, bytes }: MadeBlob,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    if (uploaded.has(descriptor.digest)) return;
    if ((await repository.statBlob(descriptor.digest, signal)) !== descriptor.size) {
      await repository.uploadBlob({ descriptor, open: async () => Readable.from([bytes]), signal });
    }
    uploaded.add(descriptor.digest);
  };
  const putAs = async (
    form: ArtifactForm,
    tag: string,
    document: DocumentArtifact,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const { manifest, blobs } = makeArtifact(document, form);
    await Promise.all(blobs.map((blob) => ensureBlob(blob, signal)));
    await repository.putManifest(tag, mediaTypes.ociManifest, manifest, signal);
  };
  return {
    async put(tag, document, signal) {
      if (imageRegistries.has(registry)) return putAs('image', tag, document, signal);
      try {
        await putAs('artifact', tag, document, signal);
      } catch (error) {
        if (!refusesType(error)) throw error;
        await putAs('image', tag, document, signal);
        imageRegistries.add(registry);
      }
    },
  };
}

const typeRefusals = new Set([400, 415, 422]);

/**
 * A registry with a list of allowed types says that the manifest is invalid. A missing blob is another
 * matter.
 */
function refusesType(error: unknown): boolean {
  if (!(error instanceof RegistryError) || !typeRefusals.has(error.status ?? 0)) return false;
  return !error.ociCodes.some((code) => /BLOB|SIZE|DIGEST|TAG|NAME/.test(code));
}
