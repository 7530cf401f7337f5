import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { exitCodes } from './exit-codes.ts';
import type { GivenHost, Sink } from './host.ts';
import { keyVariables } from './options/trust-options.ts';
import { bugText } from './output/failure.ts';
import { safeText } from './output/safe-text.ts';
import { relayArgument } from './relay-argument.ts';
import { run } from './run.ts';
import { watchStopSignals } from './signals.ts';

const host: GivenHost = {
  argv: process.argv.slice(2),
  env: ownEnvironment(),
  cwd: process.cwd(),
  homeDir: ownHome(),
  version: ownVersion(),
  stdout: createSink(process.stdout),
  stderr: createSink(process.stderr),
};

// Every transfer listens for the abort signal: many listeners are not a leak, and users need no warning.
setMaxListeners(0);

process.on('uncaughtException', (error) => {
  host.stderr.write(safeText(bugText(error, host)));
  process.exit(exitCodes.bug);
});

if (host.argv[0] === relayArgument) {
  const { relay } = await import('./relay.ts');
  await relay();
  // Connections to the engine's side may still be closing, and the folder of the relay is gone.
  process.exit(exitCodes.done);
} else {
  const stop = watchStopSignals(process);
  const exitCode = await run(host, stop.signal);
  stop.release();
  // The process ends by itself once everything is written and closed.
  process.exitCode = stop.exitCode() ?? exitCode;
}

function createSink(stream: NodeJS.WriteStream): Sink {
  let isClosed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has closed the pipe, as "| head" does.
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
  });
  return {
    // A terminal without a size has 0 columns; a spinner would redraw an infinite number of lines.
    isTerminal: stream.isTTY && stream.columns > 0,
    write(text) {
      if (!isClosed) stream.write(text);
    },
  };
}

/** The environment. Removes the keys from `process.env`, so that child processes do not inherit them. */
function ownEnvironment(): GivenHost['env'] {
  const env = { ...process.env };
  for (const name of keyVariables) Reflect.deleteProperty(process.env, name);
  return env;
}

/** In a container, the user may have no passwd entry and no home directory. */
function ownHome(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}
