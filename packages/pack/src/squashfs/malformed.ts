/** A file that is no squashfs as packs have it; the caller names the pack. */
export class MalformedSquashfs extends Error {
  override readonly name = 'MalformedSquashfs';
}
