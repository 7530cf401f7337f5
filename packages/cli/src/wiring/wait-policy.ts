import type { WaitPolicy } from '@drayage/core/handover';
import type { Config } from '../options/option.ts';

/** How long to wait, and for which pre-pull. */
export function waitPolicy({ timeoutMs, graceMs, settled, pipeline }: Config): WaitPolicy {
  return { timeoutMs, graceMs, settled, pipeline };
}
