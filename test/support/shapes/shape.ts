import type { FaultyRegistry, FaultyRegistryOptions } from '@drayage/registry/testing';

/** One way in which registries and tools write an image. */
export interface Shape {
  /** Also the name of its repository. */
  readonly name: string;
  /** How its registry behaves; honest unless told. */
  readonly registry?: FaultyRegistryOptions;
  /** Puts the image into its registry, and plans what its registry does unlike others. */
  readonly serve: (place: Place) => ServedImage;
  /** What dray's error says, where dray refuses the image as engines do. */
  readonly refused?: RegExp;
  /** Dray refuses what an engine 28.5 takes: what its error says, and why. */
  readonly stricter?: { readonly says: RegExp; readonly because: string };
  /** An engine 20.10 crashes while it pulls the image. */
  readonly crashes2010?: true;
}

/** Where an image is put. */
export interface Place {
  readonly registry: FaultyRegistry;
  readonly repository: string;
  readonly tags: readonly string[];
}

/** What an engine must have after it got the image. */
export interface ServedImage {
  /** Bottom first. */
  readonly diffIds: readonly string[];
}
