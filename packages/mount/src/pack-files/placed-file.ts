/** The proven file of a pack, at a path that the engine's kernel can mount. */
export interface PlacedFile {
  readonly path: string;
  /** The proven file's `DEVICE:INODE` on the engine's side; the mounted file must have it. */
  readonly identity: string;
  /**
   * Call after the mount: checks that the file did not change meanwhile.
   * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`
   */
  confirm(): Promise<void>;
  /** Releases what was kept for the mount: a descriptor, a private copy. Mounts stay. */
  release(): Promise<void>;
}
