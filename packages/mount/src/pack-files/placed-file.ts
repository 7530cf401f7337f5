/** The proven file of a pack, where the engine's kernel can mount it. */
export interface PlacedFile {
  readonly path: string;
  /** `DEVICE:INODE` of the file that was proven, on the engine's side: what is mounted must be this one. */
  readonly identity: string;
  /** To be called after the mount: proves that the file was not changed meanwhile. @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH` */
  confirm(): Promise<void>;
  /** Gives up what was kept until the mount: a descriptor, a private copy. What is mounted stays. */
  release(): Promise<void>;
}
