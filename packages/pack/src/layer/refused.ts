/**
 * An entry that a pack cannot represent as an engine would extract it, or that engines reject too. The caller
 * names the entry.
 */
export class RefusedEntry extends Error {
  override readonly name = 'RefusedEntry';
}
