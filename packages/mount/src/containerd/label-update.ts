import { encodeMessage } from './wire.ts';

/** The two messages of an update that sets labels and leaves everything else: what has them, and the mask. */
export function labelUpdate(
  name: string,
  labelsField: number,
  labels: Readonly<Record<string, string>>,
): { readonly info: Uint8Array; readonly mask: Uint8Array } {
  return {
    info: encodeMessage([
      [1, name],
      [labelsField, labels],
    ]),
    mask: encodeMessage([[1, Object.keys(labels).map((key) => `labels.${key}`)]]),
  };
}
