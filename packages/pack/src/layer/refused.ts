/** An entry that a pack cannot hold as an engine would extract it, or that engines refuse too; which one is for the catcher to say. */
export class RefusedEntry extends Error {
  override readonly name = 'RefusedEntry';
}
