import { isDrayError, summarizeError, type EngineSetup, type ErrorSummary } from '@drayage/core';
import { diagnose, probeDataRoot, probeLocalEngineHost, probeMachine, type Diagnosis } from '@drayage/doctor';
import { readEngineSetup, resolveEngineEndpoint } from '@drayage/engine';
import { detectCiSystem } from '@drayage/ci';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

const engineTimeoutMs = 5000;

/**
 * Examines this machine and the engine, changes nothing, and reports which ways of delivery are open and
 * which one `dray load` takes.
 * @throws DrayError `ABORTED`
 */
export async function examine(
  config: Config,
  host: Host,
  hasPacks: boolean,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const { env } = host;
  const { dataRoot, dockerd, delivery, reach, exportFile } = config;
  const machine = await probeMachine({ env, ci: await nameOfCi(host), dockerd });
  const { engine, engineError } = await lookAtEngine(host, machine.container?.id, signal);
  const localEngineHost = await probeLocalEngineHost(engine?.info);
  const storage = await probeDataRoot(dataRoot, env);
  return diagnose({
    ...{ machine, storage, localEngineHost },
    wish: { delivery, reach, isExportWanted: exportFile !== undefined, hasPacks },
    engine,
    engineError,
  });
}

interface EngineLook {
  readonly engine?: EngineSetup | undefined;
  readonly engineError?: ErrorSummary | undefined;
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

/** The product name: `GitLab CI/CD`. */
async function nameOfCi({ env, cwd }: Host): Promise<string | undefined> {
  const system = detectCiSystem(env);
  if (system.id !== 'plain') return system.name;
  const { default: envCi } = await import('env-ci');
  const answer: Readonly<Record<string, unknown>> = { ...envCi({ env: { ...env }, cwd }) };
  return answer['isCi'] === true && typeof answer['name'] === 'string' ? answer['name'] : undefined;
}
