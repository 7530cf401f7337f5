import type { EngineSetup } from '@drayage/core';
import type { DoctorFacts } from './facts.ts';

/** The engine setups that drayage recognises. */
export const situationKinds = [
  'no-engine',
  'rootless',
  'sysbox-container',
  'sysbox-runtime',
  'userns-remap',
  'host-socket',
  'circleci-remote',
  'docker-desktop',
  'dind-service',
  'remote-engine',
  'local-engine',
] as const;

export type SituationKind = (typeof situationKinds)[number];

/** A property of this setup that affects delivery. */
export interface Situation {
  readonly kind: SituationKind;
  /** One sentence. */
  readonly what: string;
  /** Recommendation in a few sentences. */
  readonly recommendation: string;
}

/** The recognised properties of this setup, the most important first. Pure. */
export function recogniseSituations(facts: DoctorFacts): readonly Situation[] {
  const kinds = facts.engine === undefined ? ['no-engine' as const] : engineKinds(facts, facts.engine);
  const inSysbox = facts.machine.container?.kind === 'sysbox' ? (['sysbox-container'] as const) : [];
  const found = new Set<SituationKind>([...inSysbox, ...kinds]);
  return situationKinds
    .filter((kind) => found.has(kind))
    .map((kind) => ({ kind, what: describe(kind, facts), recommendation: recommendations[kind] }));
}

function engineKinds({ machine }: DoctorFacts, engine: EngineSetup): readonly SituationKind[] {
  return [
    ...(engine.info.userMapping === 'rootless' ? (['rootless'] as const) : []),
    ...(engine.info.userMapping === 'userns' ? (['userns-remap'] as const) : []),
    ...(engine.runtimes.includes('sysbox-runc') ? (['sysbox-runtime'] as const) : []),
    placeKind(machine, engine),
  ];
}

function placeKind(machine: DoctorFacts['machine'], engine: EngineSetup): SituationKind {
  const { location } = engine.info;
  const isRemote = /^(tcp|ssh):/.test(location);
  if (engine.operatingSystem === 'Docker Desktop') return 'docker-desktop';
  if (machine.ci === 'CircleCI' && isRemote) return 'circleci-remote';
  if (engine.holdsUs === true) return 'host-socket';
  if (/^tcp:/.test(location) && isServicePort(location)) return 'dind-service';
  return isRemote ? 'remote-engine' : 'local-engine';
}

/**
 * Whether the port is one of docker:dind, which runs beside the job under a network name or in the same pod.
 */
function isServicePort(location: string): boolean {
  const port = /:(\d+)\/?$/.exec(location)?.[1];
  return port === '2375' || port === '2376';
}

function describe(kind: SituationKind, { engine, machine }: DoctorFacts): string {
  const location = engine?.info.location ?? '';
  switch (kind) {
    case 'no-engine':
      return 'no engine answers';
    case 'rootless':
      return 'the engine is rootless: it runs as an ordinary user, in a user namespace';
    case 'sysbox-container':
      return `this is a Sysbox container (${machine.container?.sign ?? 'sysboxfs'})`;
    case 'sysbox-runtime':
      return 'the engine has the runtime sysbox-runc';
    case 'userns-remap':
      return 'the engine maps users of containers to other users (userns-remap)';
    case 'host-socket':
      return 'the engine belongs to the host: this job runs in one of its containers, and starts sibling containers';
    case 'circleci-remote':
      return 'the engine is CircleCI remote docker (setup_remote_docker)';
    case 'docker-desktop':
      return 'the engine is Docker Desktop, in its own virtual machine';
    case 'dind-service':
      return `the engine is a docker-in-docker service at ${location}`;
    case 'remote-engine':
      return `the engine runs on another machine, at ${location}`;
    case 'local-engine':
      return 'the engine runs on this machine';
  }
}

const recommendations: Readonly<Record<SituationKind, string>> = {
  'no-engine': 'Set DOCKER_HOST, add a docker:dind service to the job, or run "dray engine start".',
  rootless:
    'Packs cannot be mounted there: a user namespace lacks the users that own the files of a pack, and cannot read the attributes of opaque directories. Use bundles with layers ("dray prepull --form layers" or "both"); only the missing layers are loaded.',
  'sysbox-container':
    'An engine works here without a privileged container; its data-root must be a volume that Sysbox gives only to this container. Packs need the real root to be mounted: bake the images into the container, or load layers.',
  'sysbox-runtime':
    'Run job containers that need an engine with --runtime=sysbox-runc instead of --privileged, each with its own engine.',
  'userns-remap':
    'The files of a pack belong to unmapped users, so packs are not mounted there. Use bundles with layers, or start a private engine.',
  'host-socket':
    'No engine has to start and all jobs share one cache. They also share containers, ports and images, and have root on the host. Paths in -v are host paths. Mounted images are visible to every job until they are removed.',
  'circleci-remote':
    'Its images end with the job. If the engine has the containerd image store, packs are mounted through the Docker API; otherwise layers are loaded. In a machine executor, dray can mount packs in place.',
  'docker-desktop':
    'Its virtual machine has few programs; if the helper container cannot mount there, layers are loaded.',
  'dind-service':
    'Give it its own volume for /var/lib/docker and, before Docker 29, --feature=containerd-snapshotter=true, so that packs can be mounted through the API. Use TLS (port 2376) unless the service is on loopback.',
  'remote-engine':
    'Packs are uploaded once and kept in a volume there. Without TLS, anyone who can reach the engine is root on its machine.',
  'local-engine': 'As root, dray mounts packs in place.',
};
