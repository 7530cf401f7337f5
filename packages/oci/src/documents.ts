import { DrayError, verifying, type DocumentName, type DocumentStore } from '@drayage/core';
import type { Repository } from '@drayage/registry';
import { parseArtifact, type ParsedArtifact } from './artifact.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { References } from './references.ts';
import { documentTag } from './tags.ts';

export interface DocumentsOptions {
  readonly repository: Repository;
  readonly artifacts: ArtifactStore;
  readonly key: string;
  /** What the index keeps from garbage collection; undefined: nothing. */
  readonly references?: References | undefined;
  /** Adds what an earlier run under the same key referenced. */
  readonly loadReferences?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * The documents of a bundle, each a manifest under a tag of its own. A repeated read asks for the digest
 * alone, which costs no rate limit anywhere, and reads the manifest only if it has changed.
 */
export function createDocuments(options: DocumentsOptions): DocumentStore {
  const { repository, artifacts, key, references } = options;
  const known = new Map<
    DocumentName,
    { readonly digest: string; readonly content: Uint8Array | undefined }
  >();
  return {
    async read(name, signal) {
      const tag = documentTag(key, name);
      const last = known.get(name);
      if (last !== undefined) {
        const digest = await repository.headManifest(tag, signal);
        if (digest === undefined) known.delete(name);
        if (digest === undefined) return undefined;
        if (digest === last.digest) return last.content;
      }
      const answer = await repository.readManifest(tag, signal);
      if (answer === undefined) return undefined;
      const content = await readContent(repository, parse(repository, answer.bytes, key, name), signal);
      if (answer.digest !== undefined) known.set(name, { digest: answer.digest, content });
      return content;
    },
    async write(name, content, signal) {
      const kept = name === 'index.json' ? references : undefined;
      if (kept !== undefined) await options.loadReferences?.(signal);
      const document = { key, name, content, references: [...(kept?.all().values() ?? [])] };
      await artifacts.put(documentTag(key, name), document, signal);
    },
    async delete(name, signal) {
      const tag = documentTag(key, name);
      known.delete(name);
      const digest = await repository.headManifest(tag, signal);
      if (digest === undefined) return;
      const removal = digest === 'unknown' ? 'unsupported' : await repository.deleteManifest(digest, signal);
      if (removal === 'unsupported') {
        await artifacts.put(tag, { key, name, content: undefined, references: [] }, signal);
      }
    },
  };
}

/** The blobs that the index of a key references; none without an index. */
export async function readReferences(
  repository: Repository,
  key: string,
  signal: AbortSignal | undefined,
): Promise<ParsedArtifact['references']> {
  const answer = await repository.readManifest(documentTag(key, 'index.json'), signal);
  return answer === undefined ? [] : parse(repository, answer.bytes, key, 'index.json').references;
}

function parse(repository: Repository, bytes: Uint8Array, key: string, name: DocumentName): ParsedArtifact {
  const parsed = parseArtifact(bytes, key, name);
  if (parsed !== undefined) return parsed;
  const tag = documentTag(key, name);
  throw new DrayError(
    'BUNDLE_INVALID',
    `cannot read ${tag} from ${repository.name}: drayage did not write it`,
    {
      hint: 'Use another repository or another key.',
    },
  );
}

async function readContent(
  repository: Repository,
  artifact: ParsedArtifact,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  if (artifact.kind === 'deleted') return undefined;
  if (artifact.kind === 'inline') return artifact.content;
  const { descriptor } = artifact;
  const chunks: Uint8Array[] = [];
  const bytes = await repository.openBlob(descriptor, { signal });
  for await (const chunk of verifying(bytes, descriptor, repository.name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
