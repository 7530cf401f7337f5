import { existsSync } from 'node:fs';

import { run, runOrThrow } from './processes.ts';

/** A network bridge for one test engine. */
export interface TestBridge {
  readonly name: string;
  remove(): Promise<void>;
}

/** What the names of all bridges of this process begin with. */
export const ownBridgePrefix: string = `dray${String(process.pid)}x`;

let bridges = 0;

/**
 * Finds a bridge to start an engine with: none, where that is safe.
 * An engine without a bridge deletes docker0, so beside an engine of the system it gets its own bridge.
 */
export async function makeBridge(): Promise<TestBridge> {
  if (!existsSync('/sys/class/net/docker0')) return { name: 'none', remove: () => Promise.resolve() };
  const number = ++bridges % 256;
  const name = `${ownBridgePrefix}${String(number)}`;
  await runOrThrow('ip', ['link', 'add', name, 'type', 'bridge']);
  await runOrThrow('ip', ['address', 'add', `198.18.${String(number)}.1/30`, 'dev', name]);
  return { name, remove: () => run('ip', ['link', 'delete', name]).then(() => undefined) };
}
