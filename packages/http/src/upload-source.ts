import { abortable, verifying, type ByteStream, type Descriptor } from '@drayage/core';

/** The bytes of one try to upload a blob. */
export interface UploadSource {
  readonly bytes: ByteStream;
  /** The error of the source itself, which a failed request hides; undefined: it has not failed. */
  failure(): unknown;
}

/**
 * Verifies the bytes while they are sent. The last chunk goes out only after the source has ended without
 * error, so that no server completes an upload whose source failed.
 */
export function uploadSource(
  bytes: ByteStream,
  descriptor: Descriptor,
  { title, signal }: { readonly title: string; readonly signal: AbortSignal | undefined },
): UploadSource {
  let failure: unknown;
  const watched = async function* (): ByteStream {
    try {
      yield* holdingBackTheLast(verifying(abortable(bytes, signal, title), descriptor, 'its source'));
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  return { bytes: watched(), failure: () => failure };
}

async function* holdingBackTheLast(bytes: ByteStream): ByteStream {
  let held: Uint8Array | undefined;
  for await (const chunk of bytes) {
    if (chunk.byteLength === 0) continue;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
