/** A tar that cannot be read; the caller names the layer. */
export class MalformedTar extends Error {
  override readonly name = 'MalformedTar';
}
