import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';

import type { Workspace } from './workspace.ts';

/** The damage to a file in transit: other bytes, or none. */
export type Damage = (name: string, bytes: Buffer) => Buffer | undefined;

/** Changes files that a job has persisted, in archives that remain readable. */
export async function damageLayers(workspace: Workspace, job: string, damage: Damage): Promise<void> {
  for (const layer of workspace.filter((one) => one.job === job)) {
    const changed = pack();
    for await (const entry of Readable.from([gunzipSync(layer.archive)]).pipe(extract())) {
      const bytes = damage(entry.header.name, await buffer(entry));
      if (bytes !== undefined) changed.entry({ ...entry.header, size: bytes.length }, bytes);
    }
    changed.finalize();
    layer.archive = gzipSync(await buffer(changed));
  }
}

/** Flips a bit in the middle of every blob: the documents of the bundle stay as they are. */
export const flipBlobs: Damage = (name, bytes) => {
  const middle = Math.floor(bytes.length / 2);
  if (name.includes('/blobs/')) bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return bytes;
};

/** Loses all blobs. */
export const loseBlobs: Damage = (name, bytes) => (name.includes('/blobs/') ? undefined : bytes);

/** Loses the whole bundle, but not the record that its job has begun. */
export const loseBundle: Damage = (name, bytes) => (name.includes('/.begun/') ? bytes : undefined);
