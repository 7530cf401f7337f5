import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EngineError, abortError, reasonOf, systemErrorCode, throwIfAborted } from '@drayage/core';

export interface DockerClientRequest {
  /** The action, for messages: `build app:1`. */
  readonly what: string;
  /** Arguments for the docker program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives each output line. */
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

// Not host's `runProgram`, because the caller shows lines as they arrive.
/**
 * Runs the docker client, which uses its own engine and logins.
 * @throws EngineError `ENGINE_UNREACHABLE` if there is no docker program, `ENGINE_API` with its last line if
 * it fails; DrayError `ABORTED`
 */
export async function runDockerClient({
  what,
  args,
  env,
  onLine,
  signal,
}: DockerClientRequest): Promise<void> {
  throwIfAborted(signal, what);
  const child = spawn('docker', args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let last = 'it printed nothing';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return;
      last = line;
      onLine(line);
    });
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      reject(signal?.aborted === true ? abortError(signal, what) : cannotStart(what, error));
    });
    child.once('close', resolve);
  });
  if (exitCode !== 0) throw new EngineError('ENGINE_API', `cannot ${what}: ${last}`);
}

function cannotStart(what: string, error: unknown): EngineError {
  const isMissing = systemErrorCode(error) === 'ENOENT';
  const reason = isMissing ? 'program docker not found' : reasonOf(error);
  return new EngineError('ENGINE_UNREACHABLE', `cannot ${what}: ${reason}`, {
    hint: 'Install the docker client, or omit --tag and build the context elsewhere.',
    cause: error,
  });
}
