import type { TransferSide } from '@drayage/core';

/** What is being done for the caller, for messages. */
export interface Operation {
  /** As after "cannot": `write blob sha256:… to https://gitlab.example/…`. */
  readonly title: string;
  /** The verb of the port. */
  readonly name: string;
  readonly side: TransferSide;
  readonly digest?: string;
}
