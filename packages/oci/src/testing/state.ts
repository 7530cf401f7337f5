import { createHash, randomUUID } from 'node:crypto';
import { isObject } from '@drayage/core';

/** A repository in memory. */
interface StrictRepository {
  readonly blobs: Set<string>;
  /** Tags and digests, by name. */
  readonly manifests: Map<string, string>;
}

interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** The content of a strict registry. */
export class StrictState {
  readonly blobs: Map<string, Buffer> = new Map();
  readonly manifests: Map<string, StoredManifest> = new Map();
  readonly #repositories = new Map<string, StrictRepository>();
  readonly #uploads = new Map<string, { readonly repository: string; chunks: Buffer[] }>();

  repository(name: string): StrictRepository {
    const known = this.#repositories.get(name) ?? { blobs: new Set(), manifests: new Map() };
    this.#repositories.set(name, known);
    return known;
  }

  beginUpload(repository: string): string {
    const id = randomUUID();
    this.#uploads.set(id, { repository, chunks: [] });
    return id;
  }

  /** The bytes so far; undefined without such an upload. */
  append(id: string, chunk: Buffer): number | undefined {
    const upload = this.#uploads.get(id);
    upload?.chunks.push(chunk);
    return upload?.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** False when the bytes do not have the digest; the upload is gone then. */
  finishUpload(id: string, digest: string): boolean {
    const upload = this.#uploads.get(id);
    this.#uploads.delete(id);
    const bytes = Buffer.concat(upload?.chunks ?? []);
    if (upload === undefined || digestOf(bytes) !== digest) return false;
    this.blobs.set(digest, bytes);
    this.repository(upload.repository).blobs.add(digest);
    return true;
  }

  addManifest(repository: string, name: string, manifest: StoredManifest): string {
    const digest = digestOf(manifest.bytes);
    this.manifests.set(digest, manifest);
    const { manifests } = this.repository(repository);
    manifests.set(digest, digest);
    manifests.set(name, digest);
    return digest;
  }

  /** The blobs that a manifest names. */
  static referencesOf(bytes: Buffer): readonly { readonly digest: string; readonly mediaType: string }[] {
    const manifest: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isObject(manifest)) return [];
    const layers: readonly unknown[] = Array.isArray(manifest['layers']) ? manifest['layers'] : [];
    return [manifest['config'], ...layers].flatMap((value) =>
      isObject(value) ? [{ digest: String(value['digest']), mediaType: String(value['mediaType']) }] : [],
    );
  }

  /** Deletes every blob that no manifest of its repository references, as a registry does at night. */
  collectGarbage(): void {
    const used = new Set<string>();
    for (const { blobs, manifests } of this.#repositories.values()) {
      const kept = new Set(
        [...manifests.values()].flatMap((digest) => {
          const stored = this.manifests.get(digest);
          return stored === undefined
            ? []
            : StrictState.referencesOf(stored.bytes).map((blob) => blob.digest);
        }),
      );
      for (const digest of blobs) if (!kept.has(digest)) blobs.delete(digest);
      for (const digest of kept) used.add(digest);
    }
    for (const digest of this.blobs.keys()) if (!used.has(digest)) this.blobs.delete(digest);
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
