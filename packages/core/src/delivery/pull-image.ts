import { summarizeError } from '../error-summary.ts';
import type { Engine, EngineInfo } from '../engine.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import { undelivered, type DeliveryImageReport } from './report.ts';

/** Makes the engine pull one image. The report states a failure; never throws. */
export async function pullImage(
  engine: Engine,
  reference: Reference,
  info: EngineInfo,
  signal: AbortSignal | undefined,
): Promise<DeliveryImageReport> {
  const startedAt = performance.now();
  const name = familiarReference(reference);
  try {
    await engine.pull(reference, info.platform, signal);
    const total = (await engine.inspect(reference, signal))?.diffIds.length ?? 0;
    const layers = { total, sent: 0, skipped: total };
    return {
      reference: name,
      delivery: 'pull',
      layers,
      bytesSent: 0,
      ms: Math.round(performance.now() - startedAt),
    };
  } catch (error) {
    return { ...undelivered(name, summarizeError(error)), ms: Math.round(performance.now() - startedAt) };
  }
}
