import type { EngineSetup } from '@drayage/core';
import type { DoctorFacts } from './facts.ts';

/** The set-ups of engines that are recognised. */
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

/** One thing that is special about this set-up. */
export interface Situation {
  readonly kind: SituationKind;
  /** One sentence. */
  readonly what: string;
  /** What to do with it, in some sentences. */
  readonly recommendation: string;
}

/** The set-up as it is recognised, what matters most first; several things may hold at once. Pure. */
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

/** As docker:dind listens: beside the job under a name of the network, or in the same pod on loopback. */
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
      return `this is a container of Sysbox (${machine.container?.sign ?? 'sysboxfs'})`;
    case 'sysbox-runtime':
      return 'the engine has the runtime sysbox-runc';
    case 'userns-remap':
      return 'the engine maps the users of its containers to others (userns-remap)';
    case 'host-socket':
      return "the engine is the host's: this job runs in one of its own containers, and what it starts are siblings";
    case 'circleci-remote':
      return 'the engine is the remote docker of CircleCI (setup_remote_docker)';
    case 'docker-desktop':
      return 'the engine is Docker Desktop, in a virtual machine of its own';
    case 'dind-service':
      return `the engine is a docker-in-docker service at ${location}`;
    case 'remote-engine':
      return `the engine is another machine's, at ${location}`;
    case 'local-engine':
      return "the engine is this machine's";
  }
}

const recommendations: Readonly<Record<SituationKind, string>> = {
  'no-engine':
    'Name one with DOCKER_HOST, add a docker:dind service to the job, or start one with "dray engine start".',
  rootless:
    'Packs cannot be mounted there: files of a pack belong to users that a user namespace does not have, and it may not read the marks of opaque directories. Use bundles with layers ("dray prepull --form layers" or "both"); they are loaded, without the layers that are there.',
  'sysbox-container':
    'An engine works in here without a privileged container; its data-root must be a volume that Sysbox gives to this container alone. File systems of packs can only be mounted by the real root: bake the images into the container, or load layers.',
  'sysbox-runtime':
    'Run job containers that need an engine with --runtime=sysbox-runc instead of --privileged, each with an engine of its own.',
  'userns-remap':
    'Files of a pack belong to the users of the image, not to those they are mapped to, so packs are not mounted there. Use bundles with layers, or start a private engine.',
  'host-socket':
    'Nothing has to be started and all jobs share one cache, but also one name space of containers, ports and images, and root on the host. Paths in -v are paths of the host. Mounted images are there for every job until they are removed.',
  'circleci-remote':
    'Its images do not outlive the job. With an engine that has the containerd image store packs are mounted through the Docker API; else layers are loaded. A machine executor lets dray mount in place.',
  'docker-desktop':
    'Its virtual machine has programs of its own only; where a helper cannot mount there, layers are loaded.',
  'dind-service':
    'Give it a volume for /var/lib/docker, which no other engine may use, and --feature=containerd-snapshotter=true before Docker 29, so that packs can be mounted through the API. Use TLS (port 2376) unless the service is on loopback.',
  'remote-engine':
    'Packs are sent once and kept in a volume there. Anyone who reaches it without TLS is root on it.',
  'local-engine': 'As root, dray mounts in place.',
};
