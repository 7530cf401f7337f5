import { DrayError, RegistryError, TransferError, reasonOf, type TransferSide } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** A step of a copy, and the side it concerns. */
export interface TransferStep {
  readonly operation: 'stat' | 'open' | 'read' | 'put';
  readonly side: TransferSide;
  readonly location: string;
  readonly descriptor: Descriptor;
}

/**
 * The error of a failed copy step: names operation, side, digest and location, and keeps the code and hint of
 * `error`. Keeps what an earlier step recorded.
 */
export function transferError(error: unknown, step: TransferStep): TransferError {
  if (error instanceof TransferError && error.location !== undefined) return error;
  const { operation, side, location, descriptor } = step;
  const recorded = error instanceof TransferError ? error : { operation, side, digest: descriptor.digest };
  const known = error instanceof DrayError ? error : undefined;
  return new TransferError(known?.code ?? 'TRANSPORT_IO', messageFor(error, step), {
    operation: recorded.operation,
    side: recorded.side,
    digest: recorded.digest ?? descriptor.digest,
    location,
    cause: error,
    hint: known?.hint,
    details: known?.details,
  });
}

/** Messages of registries and transports already name the blob and the location. */
function messageFor(error: unknown, { operation, side, location, descriptor }: TransferStep): string {
  if (error instanceof RegistryError || error instanceof TransferError) return error.message;
  const direction = side === 'source' ? 'from' : 'to';
  return `cannot ${operation} blob ${descriptor.digest} ${direction} ${location}: ${reasonOf(error)}`;
}
