import { homedir } from 'node:os';
import { DrayError } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
import { runRelay, type Starter } from '@drayage/private-engine';

/**
 * The program of a relay process: starts an engine beside the one that the environment names, and relays to
 * it until a signal ends it. The process that started it sends the request.
 */
export async function relay(): Promise<void> {
  // A step that ends closes its terminal.
  process.on('SIGHUP', () => undefined);
  await runRelay(starterOf(process), async () =>
    createDockerEngine({ endpoint: await resolveEngineEndpoint({ env: process.env, homeDir: homedir() }) }),
  );
}

function starterOf(self: NodeJS.Process): Starter {
  const controller = new AbortController();
  const stop = (reason: string): void => {
    controller.abort(new DrayError('ABORTED', `cannot continue: ${reason}`));
  };
  let isReleased = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) self.on(name, () => stop(`stopped by ${name}`));
  self.once('disconnect', () => {
    if (!isReleased) stop('the command that started this relay has ended');
  });
  return {
    request: new Promise((resolve) => {
      self.once('message', resolve);
      self.once('disconnect', () => resolve(undefined));
    }),
    signal: controller.signal,
    send: (message) => {
      if (self.connected) self.send?.(message);
    },
    log: (line) => void self.stderr.write(`${line}\n`),
    release: () => {
      isReleased = true;
      if (self.connected) self.disconnect();
    },
  };
}
