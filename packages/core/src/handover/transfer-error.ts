import { DrayError, RegistryError, TransferError, reasonOf, type TransferSide } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** What was being done with a blob, and at which end. */
export interface TransferStep {
  readonly operation: 'stat' | 'open' | 'read' | 'put';
  readonly side: TransferSide;
  readonly location: string;
  readonly descriptor: Descriptor;
}

/**
 * The error of a failed step of a copy: names operation, side, digest and location, and keeps the code and
 * the hint of `error`. What an earlier step has recorded stays.
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

/** The messages of registries and transports name blob and place already. */
function messageFor(error: unknown, { operation, side, location, descriptor }: TransferStep): string {
  if (error instanceof RegistryError || error instanceof TransferError) return error.message;
  const direction = side === 'source' ? 'from' : 'to';
  return `cannot ${operation} blob ${descriptor.digest} ${direction} ${location}: ${reasonOf(error)}`;
}
