import type { MessageInitShape } from '@bufbuild/protobuf';
import { isDigest, type Descriptor } from '@drayage/core';
import type { Channel } from './channel.ts';
import { Images as Service, type Image, type ImageSchema } from './generated/images_pb.ts';
import { absentAsUndefined, madeAnew } from './status.ts';

/** A name in containerd's image store. */
export interface NamedImage {
  /** The full name: `docker.io/library/redis:7`. */
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
}

/** containerd's image store. @see containerd v2.1, api/services/images/v1/images.proto */
export interface Images {
  get(name: string): Promise<NamedImage | undefined>;
  list(...filters: readonly string[]): Promise<readonly NamedImage[]>;
  /** Resolves with false if the name exists. */
  create(image: NamedImage): Promise<boolean>;
  /** Points an existing name to a new target. */
  update(image: NamedImage): Promise<void>;
  /** Deletes a name if it exists. With `sync`, waits until unused content is collected. */
  delete(name: string, options?: { readonly sync?: boolean | undefined }): Promise<void>;
}

const { method } = Service;

export function imagesOf(channel: Channel): Images {
  return {
    get: async (name) => {
      const answer = await absentAsUndefined(channel.call(method.get, { name }));
      return parseImage(answer?.image);
    },
    list: async (...filters) => {
      const { images } = await channel.call(method.list, { filters: [...filters] });
      return images.flatMap((image) => parseImage(image) ?? []);
    },
    create: (image) => madeAnew(channel.call(method.create, { image: imageMessage(image) })),
    update: async (image) => {
      const updateMask = { paths: ['target'] };
      await channel.call(method.update, { image: imageMessage(image), updateMask });
    },
    delete: async (name, { sync = false } = {}) => {
      await absentAsUndefined(channel.call(method.delete, { name, sync }));
    },
  };
}

function imageMessage({ name, target, labels }: NamedImage): MessageInitShape<typeof ImageSchema> {
  const { mediaType, digest, size } = target;
  return { name, labels, target: { mediaType, digest, size: BigInt(size) } };
}

/** Undefined also if the target has no sha256 digest: drayage does not create such images. */
function parseImage(image: Image | undefined): NamedImage | undefined {
  if (image?.target === undefined) return undefined;
  const { mediaType, digest, size } = image.target;
  if (!isDigest(digest)) return undefined;
  return { name: image.name, labels: image.labels, target: { mediaType, digest, size: Number(size) } };
}
