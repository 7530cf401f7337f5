/** A tar that cannot be read; what it belongs to is for the catcher to say. */
export class MalformedTar extends Error {
  override readonly name = 'MalformedTar';
}
