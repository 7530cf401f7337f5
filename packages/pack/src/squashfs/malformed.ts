/** A file that is not squashfs in the form that packs use; the caller names the pack. */
export class MalformedSquashfs extends Error {
  override readonly name = 'MalformedSquashfs';
}
