import type { DeliveryReport } from '@drayage/core';
import type {
  PrivateEngine,
  PrivateEngineEvent,
  PrivateEngineStatus,
  StopResult,
} from '@drayage/private-engine';
import { formatColumns } from './columns.ts';
import { counted, humanDuration } from './quantities.ts';

/** What `dray engine start --json` prints. */
export interface EngineStartReport extends Omit<PrivateEngine, 'unmounted'> {
  readonly images: readonly Pick<DeliveryReport['images'][number], 'reference' | 'delivery'>[];
  readonly ms: number;
}

const width = 110;

/** The log line for an event during engine start. */
export function engineEventLine(event: PrivateEngineEvent): string {
  if (event.type === 'clearing')
    return `cleaning up after an engine that died (process ${event.pid}, since ${event.since})`;
  return event.type === 'warning' ? `warning: ${event.message}` : event.message;
}

/** The started engine, in two lines. */
export function engineStartText(report: EngineStartReport): string {
  const { version, pid, imageStore, storage, images, packs, ms } = report;
  const mounted = images.filter(({ delivery }) => delivery === 'mount').length;
  const others = images.length - mounted;
  const what = [
    `${counted(mounted, 'image')} mounted from ${counted(packs.length, 'pack')}`,
    ...(others === 0 ? [] : [`${others} otherwise`]),
  ];
  return [
    `engine ${version} runs as process ${pid} after ${humanDuration(ms)}: ${what.join(', ')}\n`,
    `${imageStore} store on ${storage.backend}: ${storage.reason}\n`,
  ].join('');
}

/** A one-line summary. */
export function engineStopText({ dataRoot, outcome, purged }: StopResult): string {
  const gone = purged ? ', and its data-root is removed' : '';
  switch (outcome) {
    case 'stopped':
      return `the engine on ${dataRoot} is stopped${gone}\n`;
    case 'killed':
      return `the engine on ${dataRoot} did not stop and was killed${gone}\n`;
    case 'not-running':
      return `no engine runs on ${dataRoot}${purged ? '; its data-root is removed' : ''}\n`;
  }
}

const states: Readonly<Record<PrivateEngineStatus['state'], string>> = {
  running: 'running',
  starting: 'starting, or not answering',
  elsewhere: 'started in another container, whose processes are not visible here',
  'left-over': 'died; the next start or stop cleans up after it',
  stopped: 'stopped',
};

/** The engine, its processes and its storage, in a few lines. */
export function engineStatusText(status: PrivateEngineStatus): string {
  const { owner, storage } = status;
  const rows = [
    ['state', states[status.state]],
    ['data-root', status.dataRoot],
    ...(owner === undefined
      ? []
      : [
          ['process', `${owner.pid} on ${owner.hostname}, since ${owner.since}`],
          ['DOCKER_HOST', owner.dockerHost],
        ]),
    ...(status.version === undefined ? [] : [['version', status.version]]),
    ...(storage === undefined
      ? []
      : [
          ['image store', `${storage.imageStore}, driver ${storage.driver}`],
          ['storage', `${storage.backend}: ${storage.reason}`],
          ...storage.packs.map(({ file }) => ['pack', file]),
        ]),
  ];
  return `${formatColumns(rows, width).join('\n')}\n`;
}
