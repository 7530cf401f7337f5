import { randomUUID } from 'node:crypto';
import type { ByteStream, Descriptor, Digest } from '@drayage/core';
import type { Channel, Fields } from './channel.ts';
import { labelUpdate } from './label-update.ts';
import { absentAsUndefined, madeAnew } from './status.ts';

type Labels = Readonly<Record<string, string>>;

/** A blob that containerd has. */
export interface StoredBlob {
  readonly digest: string;
  readonly labels: Labels;
}

/** containerd's blobs. @see containerd v2.1, api/services/content/v1/content.proto */
export interface Content {
  stat(digest: Digest): Promise<StoredBlob | undefined>;
  list(...filters: readonly string[]): Promise<readonly StoredBlob[]>;
  /** Stores a blob with these labels; one that is there already gets the labels, and nothing is read. containerd checks the digest. */
  write(blob: Descriptor, bytes: () => Promise<ByteStream>, labels: Labels): Promise<void>;
}

const service = '/containerd.services.content.v1.Content';
const writeAction = 1;
const commitAction = 2;
// Far below what a server takes in one message (16 MiB).
const chunkBytes = 1024 * 1024;

/** The blobs of containerd behind `channel`. */
export function contentOf(channel: Channel): Content {
  const stat: Content['stat'] = async (digest) => {
    const answer = await absentAsUndefined(channel.call(`${service}/Info`, [[1, digest]]));
    const info = answer?.message(1);
    return info === undefined ? undefined : { digest: info.text(1), labels: info.textMap(5) };
  };
  return {
    stat,
    list: async (...filters) => {
      const answers = await channel.list(`${service}/List`, [[1, filters]]);
      return answers
        .flatMap((answer) => answer.messages(1))
        .map((info) => ({ digest: info.text(1), labels: info.textMap(5) }));
    },
    write: async (blob, bytes, labels) => {
      const isNew = await madeAnew(channel.converse(`${service}/Write`, writeRequests(blob, bytes, labels)));
      if (isNew || Object.keys(labels).length === 0) return;
      const { info, mask } = labelUpdate(blob.digest, 5, labels);
      await channel.call(`${service}/Update`, [
        [1, info],
        [2, mask],
      ]);
    },
  };
}

/** A blob that fits goes with the commit, in one message. */
async function* writeRequests(
  { digest, size }: Descriptor,
  bytes: () => Promise<ByteStream>,
  labels: Labels,
): AsyncGenerator<Fields> {
  const about: Fields = [
    [2, `drayage-${randomUUID()}`],
    [3, size],
    [4, digest],
  ];
  // An empty write first: it fails where the blob is there already, before its bytes are opened.
  if (size > chunkBytes) yield [[1, writeAction], ...about];
  let offset = 0;
  let last: Uint8Array = new Uint8Array();
  for await (const chunk of inChunks(await bytes(), chunkBytes)) {
    if (last.length > 0) yield [[1, writeAction], ...about, [5, offset], [6, last]];
    offset += last.length;
    last = chunk;
  }
  yield [[1, commitAction], ...about, [5, offset], [6, last], [7, labels]];
}

/** The same bytes in pieces of at least `size`, but for the last. */
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
