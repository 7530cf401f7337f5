import { describeCi, detectCiSystem } from '@drayage/ci';
import type { Diagnosis } from '@drayage/doctor';
import { exitCodes } from '../exit-codes.ts';
import { ciText } from '../output/ci-text.ts';
import { doctorText } from '../output/doctor-text.ts';
import { startProgress } from '../output/progress.ts';
import { examine } from '../wiring/examine.ts';
import type { CommandContext } from '../command.ts';

/** `dray doctor`. Always exits 0. */
export async function runDoctor({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  let diagnosis: Diagnosis;
  try {
    progress.status('examining the machine and the engine');
    diagnosis = await examine(config, host, true, signal);
  } finally {
    progress.stop();
  }
  const system = detectCiSystem(host.env);
  const ci = system.id === 'plain' ? undefined : describeCi(system, host.env);
  const text = (): string =>
    `${doctorText(diagnosis, config.verbose)}${ci === undefined ? '' : `\n${ciText(ci)}`}`;
  host.stdout.write(config.json ? `${JSON.stringify({ ...diagnosis, ci })}\n` : text());
  return exitCodes.done;
}
