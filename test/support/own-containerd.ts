import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EnginePaths } from './engine-config.ts';
import { start, type Running } from './processes.ts';
import { waitUntil } from './wait.ts';

/** The containerd of one test engine. */
export interface OwnContainerd {
  readonly address: string;
  end(): Promise<void>;
}

/** Where dockerd looks for a containerd of the machine before it starts its own. */
const machineSocket = '/run/containerd/containerd.sock';

/**
 * Starts a containerd as dockerd would, and starts it again whenever it ends, but only where dockerd would
 * use that of the machine. Undefined elsewhere: dockerd starts its own.
 */
export async function startOwnContainerd(
  { dataRoot, execRoot }: Pick<EnginePaths, 'dataRoot' | 'execRoot'>,
  env: Readonly<Record<string, string>>,
): Promise<OwnContainerd | undefined> {
  if (!existsSync(machineSocket)) return undefined;
  const folder = join(execRoot, 'containerd');
  const address = join(folder, 'containerd.sock');
  const config = join(folder, 'containerd.toml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${join(dataRoot, 'containerd/daemon')}"`,
      `state = "${join(folder, 'daemon')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      '[grpc]',
      `address = "${address}"`,
      '',
    ].join('\n'),
  );
  let isEnding = false;
  let running: Running;
  const launch = (): void => {
    running = start('containerd', ['--config', config], { env });
    void running.finished.then(() => {
      if (!isEnding) launch();
    });
  };
  launch();
  await waitUntil(() => existsSync(address), 'a containerd listens');
  return {
    address,
    async end() {
      isEnding = true;
      await running.kill();
    },
  };
}
