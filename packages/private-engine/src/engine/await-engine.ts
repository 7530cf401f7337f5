import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineError, isObject, printable, throwIfAborted } from '@drayage/core';
import { isRunning, type ProcessIdentity } from '@drayage/host';
import type { EnginePaths } from '../lock/engine-paths.ts';

const lookEveryMs = 25;
const answerTimeoutMs = 5000;
const tailLines = 12;

/**
 * Waits until an engine answers; resolves with its version.
 * @throws EngineError `ENGINE_START_FAILED` with the last lines of the log if it ends or takes too long;
 * `ABORTED`
 */
export async function awaitEngine(
  places: EnginePaths,
  engine: ProcessIdentity,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    throwIfAborted(signal, 'start the engine');
    const version = await engineVersion(places.socket);
    if (version !== undefined) return version;
    if (!(await isRunning(engine))) throw await startFailed(places, 'dockerd exited');
    if (performance.now() > deadline) throw await startFailed(places, `no answer within ${timeoutMs} ms`);
    await pause(lookEveryMs);
  }
}

/** The version of the engine at a socket; undefined if none answers. */
export async function engineVersion(socketPath: string): Promise<string | undefined> {
  const body = await new Promise<string | undefined>((resolve) => {
    const nothing = (): void => resolve(undefined);
    const call = request({ socketPath, path: '/version', timeout: answerTimeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.on('error', nothing);
    });
    call.on('error', nothing).on('timeout', () => call.destroy());
    call.end();
  });
  return body === undefined ? undefined : versionIn(body);
}

/** The last lines of an engine's log, preferring those that give a reason. Pure. */
export function logTail(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /level=(error|fatal)|^failed to|panic|flag/.test(line));
  const chosen = telling.length > 0 ? telling : lines;
  return chosen
    .slice(-tailLines)
    .map((line) => printable(line, 500))
    .join('\n');
}

async function startFailed(places: EnginePaths, reason: string): Promise<EngineError> {
  const log = await readFile(places.log, 'utf8').catch(() => '');
  const tail = logTail(log);
  const said = tail === '' ? 'its log is empty' : `the log ends with\n${tail}`;
  return new EngineError(
    'ENGINE_START_FAILED',
    `cannot start an engine on ${places.dataRoot}: ${reason}; ${said}`,
    {
      hint: startHint(tail, places.log),
      details: { dataRoot: places.dataRoot, log: places.log },
    },
  );
}

function startHint(tail: string, log: string): string {
  if (/operation not permitted|permission denied/i.test(tail))
    return 'Run the container with --privileged: an engine needs CAP_SYS_ADMIN and CAP_NET_ADMIN.';
  return `Read ${log} for the cause.`;
}

function versionIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) && typeof value['Version'] === 'string' ? value['Version'] : undefined;
  } catch {
    return undefined;
  }
}
