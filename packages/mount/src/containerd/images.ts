import { isDigest, type Descriptor } from '@drayage/core';
import type { Channel, Fields } from './channel.ts';
import { absentAsUndefined, madeAnew } from './status.ts';
import { encodeMessage, type WireMessage } from './wire.ts';

/** A name in containerd's image store. */
export interface NamedImage {
  /** In full: `docker.io/library/redis:7`. */
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
}

/** containerd's names of images. @see containerd v2.1, api/services/images/v1/images.proto */
export interface Images {
  get(name: string): Promise<NamedImage | undefined>;
  list(...filters: readonly string[]): Promise<readonly NamedImage[]>;
  /** False when the name is taken already. */
  create(image: NamedImage): Promise<boolean>;
  /** Points an existing name to another target. */
  update(image: NamedImage): Promise<void>;
  /** Forgets a name; with `sync` returns when what only it needed is gone. One that is not there is fine. */
  delete(name: string, options?: { readonly sync?: boolean | undefined }): Promise<void>;
}

const service = '/containerd.services.images.v1.Images';

/** The names of images of containerd behind `channel`. */
export function imagesOf(channel: Channel): Images {
  return {
    get: async (name) => {
      const answer = await absentAsUndefined(channel.call(`${service}/Get`, [[1, name]]));
      return parseImage(answer?.message(1));
    },
    list: async (...filters) => {
      const answer = await channel.call(`${service}/List`, [[1, filters]]);
      return answer.messages(1).flatMap((image) => parseImage(image) ?? []);
    },
    create: (image) => madeAnew(channel.call(`${service}/Create`, [[1, imageMessage(image)]])),
    update: async (image) => {
      const mask = encodeMessage([[1, ['target']]]);
      await channel.call(`${service}/Update`, [
        [1, imageMessage(image)],
        [2, mask],
      ]);
    },
    delete: async (name, { sync = false } = {}) => {
      await absentAsUndefined(
        channel.call(`${service}/Delete`, [
          [1, name],
          [2, sync ? 1 : 0],
        ]),
      );
    },
  };
}

function imageMessage({ name, target, labels }: NamedImage): Uint8Array {
  const descriptor: Fields = [
    [1, target.mediaType],
    [2, target.digest],
    [3, target.size],
  ];
  return encodeMessage([
    [1, name],
    [2, labels],
    [3, encodeMessage(descriptor)],
  ]);
}

/** Undefined also for an image whose target has no sha256 digest: such a one is none of ours. */
function parseImage(image: WireMessage | undefined): NamedImage | undefined {
  const target = image?.message(3);
  const digest = target?.text(2) ?? '';
  if (image === undefined || target === undefined || !isDigest(digest)) return undefined;
  return {
    name: image.text(1),
    labels: image.textMap(2),
    target: { mediaType: target.text(1), digest, size: target.count(3) },
  };
}
