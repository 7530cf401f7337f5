import type { Way, WayName } from '@drayage/core/plan';
import type { CapabilityFacts, Diagnosis, MachineFacts, ProgramFacts } from '@drayage/doctor';
import { formatColumns } from './columns.ts';
import { humanSize } from './quantities.ts';

const width = 110;

/**
 * The diagnosis in groups: chosen and possible ways of delivery, engine, machine, storage, programs, advice.
 */
export function doctorText(diagnosis: Diagnosis, isVerbose: boolean): string {
  const { machine, advice } = diagnosis;
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['delivery', columns([['auto', choiceText(diagnosis)], ...wayRows(diagnosis), trustRow])],
    ['engine', columns([...engineRows(diagnosis), ...situationRows(diagnosis)])],
    ['machine', columns(machineRows(machine))],
    ['data-root of a private engine', columns(storageRows(diagnosis))],
    ['programs', columns(programRows(machine.programs, isVerbose))],
    ['what to change', columns(advice.map((text) => ['-', text]))],
  ];
  return groups
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${[title, ...lines.map((line) => `  ${line}`)].join('\n')}\n`)
    .join('\n');
}

type Row = readonly [string, string];

function columns(rows: readonly Row[]): readonly string[] {
  return formatColumns(rows, width);
}

const trustRow: Row = [
  'trust',
  'anyone who can write to a bundle decides what runs here, as with a registry, unless you use --require-signature or --verify deep (docs/security.md)',
];

const wayTitles: Readonly<Record<WayName, string>> = {
  'mount-local': 'mount, in place',
  'mount-remote': 'mount, through the API',
  'mount-private': 'mount, private engine',
  'mount-beside': 'mount, engine beside',
  load: 'load',
  pull: 'pull',
};

function choiceText({ choice }: Diagnosis): string {
  if (choice.way === 'none') return `cannot deliver images: ${choice.reason}`;
  const packs = choice.way.startsWith('mount') ? ' (for bundles with packs: dray prepull --form packs)' : '';
  return `${wayTitles[choice.way]}${packs}`;
}

function wayRows({ ways }: Diagnosis): readonly Row[] {
  return ways.map((way) => [wayTitles[way.name], wayText(way)]);
}

function wayText({ possible, reason }: Way): string {
  return `${possible ? 'yes' : 'no'}: ${reason}`;
}

function engineRows({ engine, engineError }: Diagnosis): readonly Row[] {
  if (engine === undefined) return [['none', engineError?.message ?? 'none answers']];
  const { info, origin, operatingSystem, kernel, backingFilesystem, cgroup, memoryBytes, cpus } = engine;
  const on = backingFilesystem === undefined ? '' : ` on ${backingFilesystem}`;
  return [
    ['version', `${info.version}, API ${info.apiVersion}`],
    ['reached at', `${info.location} (${origin})`],
    ['images', `${info.imageStore} store, ${info.storageDriver}${on}, below ${engine.dataRoot}`],
    [
      'runs on',
      `${operatingSystem}, Linux ${kernel}, ${cpus} CPUs, ${humanSize(memoryBytes)}, cgroup ${cgroup}`,
    ],
    ['security', engine.securityOptions.join('; ')],
    ['runtimes', engine.runtimes.join(', ')],
    ...(info.containerd === undefined ? [] : [['containerd', info.containerd.address] as const]),
  ];
}

function situationRows({ situations }: Diagnosis): readonly Row[] {
  return situations.map(({ kind, what }) => [kind, what]);
}

function machineRows(machine: MachineFacts): readonly Row[] {
  const { kernel, virtualMachine, container, ci, rootFilesystem, memory, cgroup, devices, filesystems } =
    machine;
  const limit = memory.limit === undefined ? '' : `, limited to ${humanSize(memory.limit)}`;
  const place =
    container === undefined ? 'no container' : `a ${container.kind} container (${container.sign})`;
  return [
    ['kernel', `Linux ${kernel}${virtualMachine === undefined ? '' : `, ${virtualMachine}`}`],
    ['place', [place, `/ is ${rootFilesystem}`, ...(ci === undefined ? [] : [ci])].join(', ')],
    ['rights', rightsText(machine)],
    [
      'file systems',
      Object.entries(filesystems)
        .map(([name, support]) => `${name} ${support}`)
        .join(', '),
    ],
    [
      'devices',
      `loop ${devices.hasLoop ? `with ${devices.loopNodes} nodes` : 'none'}${devices.loopControl ? '' : ', no /dev/loop-control'}, /dev/fuse ${yesOrNo(devices.fuse)}`,
    ],
    ['memory', `${humanSize(memory.available)} of ${humanSize(memory.total)} free${limit}`],
    [
      'cgroup',
      cgroup.version === undefined
        ? 'none'
        : `v${cgroup.version}, ${cgroup.writable ? 'writable' : 'read-only'}`,
    ],
  ];
}

function rightsText({ isRoot, inUserNamespace, capabilities }: MachineFacts): string {
  const who = isRoot ? 'root' : 'not root';
  const where = inUserNamespace ? ' of a user namespace' : '';
  return `${who}${where}, ${capabilityText(capabilities)}`;
}

function capabilityText({ effective, missing }: CapabilityFacts): string {
  if (effective.length === 0) return 'no capabilities';
  if (missing.length === 0) return 'all capabilities';
  return missing.length <= effective.length
    ? `all capabilities but ${missing.join(', ')}`
    : `capabilities ${effective.join(', ')}`;
}

function storageRows({ dataRoot }: Diagnosis): readonly Row[] {
  const { path, filesystem, freeBytes, storage, problem } = dataRoot;
  const free = freeBytes === undefined ? '' : `, ${humanSize(freeBytes)} free`;
  const rejected = storage?.rejected ?? [];
  return [
    ['place', `${path}, on ${filesystem}${free}`],
    ...(storage === undefined ? [] : [['backend', `${storage.backend}: ${storage.reason}`] as const]),
    ...rejected.map(({ backend, reason }) => [`not ${backend}`, reason] as const),
    ...(problem === undefined ? [] : [['not tried', problem] as const]),
  ];
}

function programRows(programs: readonly ProgramFacts[], isVerbose: boolean): readonly Row[] {
  const label = ({ name, version }: ProgramFacts): string =>
    version === undefined ? name : `${name} ${version}`;
  const found = programs.filter(({ path }) => path !== undefined);
  const missing = programs.filter(({ path }) => path === undefined);
  return [
    ...(isVerbose
      ? found.map((program) => [label(program), program.path ?? ''] as const)
      : [['there', found.map(label).join(', ')] as const]),
    ...(missing.length === 0 ? [] : [['missing', missing.map(label).join(', ')] as const]),
  ];
}

function yesOrNo(is: boolean): string {
  return is ? 'yes' : 'no';
}
