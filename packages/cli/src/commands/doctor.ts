import { isDrayError, summarizeError } from '@drayage/core';
import type { EngineSetup, ErrorSummary } from '@drayage/core';
import { diagnose, probeDataRoot, probeLocalReach, probeMachine } from '@drayage/dind';
import type { Diagnosis } from '@drayage/dind';
import { readEngineSetup, resolveEngineEndpoint } from '@drayage/engine';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import { doctorText } from '../output/doctor-text.ts';
import { startProgress } from '../output/progress.ts';
import type { Config } from '../options/option.ts';
import type { CommandContext } from './command.ts';

const engineTimeoutMs = 5000;

/** `dray doctor`. It reports: whatever it finds, the exit code is 0. */
export async function runDoctor({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  let diagnosis: Diagnosis;
  try {
    progress.status('looking at the machine and the engine');
    diagnosis = await examine(config, host, signal);
  } finally {
    progress.stop();
  }
  host.stdout.write(config.json ? `${JSON.stringify(diagnosis)}\n` : doctorText(diagnosis, config.verbose));
  return exitCodes.done;
}

async function examine(config: Config, host: Host, signal: AbortSignal): Promise<Diagnosis> {
  const { env } = host;
  const { dataRoot, dockerd, delivery, exportFile } = config;
  const machine = await probeMachine({ env, ci: await nameOfCi(host), dockerd });
  const { engine, engineError } = await lookAtEngine(host, machine.container?.id, signal);
  const localReach = await probeLocalReach(engine?.info);
  const storage = await probeDataRoot(dataRoot, env);
  return diagnose({
    ...{ machine, storage, localReach },
    mayStartEngine: delivery === 'mount' || exportFile !== undefined,
    ...(engine === undefined ? {} : { engine }),
    ...(engineError === undefined ? {} : { engineError }),
  });
}

interface EngineLook {
  readonly engine?: EngineSetup;
  readonly engineError?: ErrorSummary;
}

async function lookAtEngine(
  { env, homeDir }: Host,
  containerId: string | undefined,
  signal: AbortSignal,
): Promise<EngineLook> {
  try {
    const endpoint = await resolveEngineEndpoint({ env, homeDir });
    return { engine: await readEngineSetup(endpoint, { timeoutMs: engineTimeoutMs, containerId, signal }) };
  } catch (error) {
    if (!isDrayError(error) || signal.aborted) throw error;
    return { engineError: summarizeError(error) };
  }
}

/** As people write it: `GitLab CI/CD`. */
async function nameOfCi({ env, cwd }: Host): Promise<string | undefined> {
  const { default: envCi } = await import('env-ci');
  const answer: Readonly<Record<string, unknown>> = { ...envCi({ env: { ...env }, cwd }) };
  return answer['isCi'] === true && typeof answer['name'] === 'string' ? answer['name'] : undefined;
}
