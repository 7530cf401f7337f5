import type { ContainerdClient } from '../containerd/client.ts';
import type { StoredBlob } from '../containerd/content.ts';
import { collectorLabels } from '../containerd/labels.ts';
import type { Snapshot } from '../containerd/snapshots.ts';

/** The names of the given snapshots and all their descendants. Pure. */
export function withDescendants(
  names: Iterable<string>,
  all: readonly Pick<Snapshot, 'name' | 'parent'>[],
): ReadonlySet<string> {
  const found = new Set(names);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { name, parent } of all) if (found.has(parent)) found.add(name);
  }
  return found;
}

/**
 * The blobs that refer to snapshots, directly or not, by the labels that garbage collection follows: configs,
 * manifests, indexes. Pure.
 */
export function blobsLeadingTo(
  snapshots: ReadonlySet<string>,
  blobs: readonly StoredBlob[],
): ReadonlySet<string> {
  const found = new Set<string>();
  const leads = ([name, value]: [string, string]): boolean =>
    name.startsWith(`${collectorLabels.snapshot}.`)
      ? snapshots.has(value)
      : name.startsWith(collectorLabels.content) && found.has(value);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { digest, labels } of blobs) if (Object.entries(labels).some(leads)) found.add(digest);
  }
  return found;
}

/**
 * Removes all names of images that need one of the snapshots, and the content that only they kept. Returns
 * the names.
 * @throws DrayError `CONTAINERD_API`
 */
export async function removeImagesOn(
  { images, content, snapshots }: ContainerdClient,
  broken: readonly string[],
): Promise<readonly string[]> {
  const all = withDescendants(broken, await snapshots.list());
  const blobs = blobsLeadingTo(all, await content.list());
  const names = (await images.list())
    .filter(({ target }) => blobs.has(target.digest))
    .map(({ name }) => name);
  for (const [position, name] of names.entries()) {
    await images.delete(name, { sync: position === names.length - 1 });
  }
  return names;
}
