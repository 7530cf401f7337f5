import { parentPort } from 'node:worker_threads';
import { targets } from './targets.ts';
import type { TargetOutcome } from './target.ts';
import { isWorkerRequest, type WorkerRequest } from './worker-request.ts';

// Runs targets, one after the other. The campaign ends this thread when a target makes no progress or takes
// too much memory.
const campaign = parentPort;
if (campaign === null) throw new Error('cannot run targets: this is no worker');
campaign.on('message', (request: unknown) => {
  if (!isWorkerRequest(request)) throw new Error('cannot run a target: the message is no request');
  void run(request).then((outcome) => campaign.postMessage(outcome));
});

async function run({ name, limits, tries }: WorkerRequest): Promise<TargetOutcome> {
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`cannot run target ${name}: there is none`);
  const begun = new Int32Array(tries);
  return target.check(limits, () => Atomics.add(begun, 0, 1));
}
