import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ByteStream, Descriptor, Digest } from '@drayage/core';
import type { Channel } from './channel.ts';
import { Content as Service, WriteAction, type WriteContentRequestSchema } from './generated/content_pb.ts';
import { labelMask } from './labels.ts';
import { absentAsUndefined, madeAnew } from './status.ts';

type Labels = Readonly<Record<string, string>>;

/** A blob in containerd's content store. */
export interface StoredBlob {
  readonly digest: string;
  readonly labels: Labels;
}

/** containerd's content store. @see containerd v2.1, api/services/content/v1/content.proto */
export interface Content {
  stat(digest: Digest): Promise<StoredBlob | undefined>;
  list(...filters: readonly string[]): Promise<readonly StoredBlob[]>;
  /**
   * Stores a blob with these labels. If the blob exists, only sets the labels and does not call `bytes`.
   * containerd checks the digest.
   */
  write(blob: Descriptor, bytes: () => Promise<ByteStream>, labels: Labels): Promise<void>;
}

const { method } = Service;
// Far below the largest message that a server accepts (16 MiB).
const chunkBytes = 1024 * 1024;

export function contentOf(channel: Channel): Content {
  return {
    stat: async (digest) => (await absentAsUndefined(channel.call(method.info, { digest })))?.info,
    list: async (...filters) => {
      const answers = await channel.list(method.list, { filters: [...filters] });
      return answers.flatMap(({ info }) => info);
    },
    write: async (blob, bytes, labels) => {
      const isNew = await madeAnew(channel.converse(method.write, writeRequests(blob, bytes, labels)));
      if (isNew || Object.keys(labels).length === 0) return;
      await channel.call(method.update, {
        info: { digest: blob.digest, labels },
        updateMask: labelMask(labels),
      });
    },
  };
}

/** Sends a small blob with the commit, in one message. */
async function* writeRequests(
  { digest, size }: Descriptor,
  bytes: () => Promise<ByteStream>,
  labels: Labels,
): AsyncGenerator<MessageInitShape<typeof WriteContentRequestSchema>> {
  const about = { ref: `drayage-${randomUUID()}`, total: BigInt(size), expected: digest };
  // An empty write first: if the blob exists, it fails before the bytes are opened.
  if (size > chunkBytes) yield { action: WriteAction.WRITE, ...about };
  let offset = 0n;
  let data: Uint8Array = new Uint8Array();
  for await (const chunk of inChunks(await bytes(), chunkBytes)) {
    if (data.length > 0) yield { action: WriteAction.WRITE, ...about, offset, data };
    offset += BigInt(data.length);
    data = chunk;
  }
  yield { action: WriteAction.COMMIT, ...about, offset, data, labels };
}

/** Regroups bytes into pieces of at least `size` bytes, except the last. */
async function* inChunks(bytes: ByteStream, size: number): ByteStream {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bytes) {
    parts.push(part);
    length += part.length;
    if (length < size) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts);
}
