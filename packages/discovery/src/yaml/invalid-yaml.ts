import { UsageError, printable } from '@drayage/core';
import type { SourceFile } from '../source-files.ts';

/** The error for text that is not YAML. */
export function invalidYaml({ shown }: SourceFile, line: number, reason: string): UsageError {
  return new UsageError(
    'DISCOVERY_FAILED',
    `cannot parse YAML of ${shown}:${String(line)}: ${printable(reason, 300)}`,
    {
      hint: 'Correct the file at that line.',
      details: { file: shown, line },
    },
  );
}
