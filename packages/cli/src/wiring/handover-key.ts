import { keyName } from '@drayage/core/handover';
import type { Config } from '../options/option.ts';

/**
 * The key of this bundle at a handover location that holds several: `--key`, else the pipeline, else
 * `default`; see {@link keyName}.
 */
export function handoverKey({ key, pipeline }: Pick<Config, 'key' | 'pipeline'>): string {
  return keyName(key ?? pipeline ?? 'default');
}
