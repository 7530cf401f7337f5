import { access, readFile, readdir } from 'node:fs/promises';
import { release } from 'node:os';
import { isMapped } from '@drayage/host';
import { filesystemAt } from '@drayage/private-engine';
import { parseCapabilities } from './capabilities.ts';
import { cgroupFacts, memoryFacts } from './cgroup.ts';
import { recogniseContainer } from './container.ts';
import type { DeviceFacts, KernelFilesystem, KernelSupport, MachineFacts } from './facts.ts';
import { kernelFilesystems, supportByAttempt, supportOf } from './kernel-support.ts';
import { probePrograms } from './programs.ts';
import { virtualMachineName } from './virtual-machine.ts';
import { probe } from './within.ts';

/** Facts that only the caller has. */
export interface MachineProbe {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name of the CI system. */
  readonly ci?: string | undefined;
  /** Name or path of dockerd. */
  readonly dockerd?: string | undefined;
}

/** Examines the machine. Never rejects. The kernel may load file system modules; nothing else changes. */
export async function probeMachine({ env, ci, dockerd }: MachineProbe): Promise<MachineFacts> {
  const [status, lastCap, mountinfo, initCgroup, ownCgroup, meminfo, uidMap] = await Promise.all(
    [
      ...['/proc/self/status', '/proc/sys/kernel/cap_last_cap', '/proc/self/mountinfo', '/proc/1/cgroup'],
      ...['/proc/self/cgroup', '/proc/meminfo', '/proc/self/uid_map'],
    ].map(textOf),
  );
  const markers = await existing(['/.dockerenv', '/run/.containerenv']);
  const container = recogniseContainer({
    ...{ env, markers, mountinfo: mountinfo ?? '', cgroup: initCgroup ?? '' },
  });
  const capabilities = parseCapabilities(status ?? '', lastCap ?? '');
  const virtualMachine = await probeVirtualMachine();
  return {
    kernel: release(),
    isRoot: process.getuid?.() === 0,
    inUserNamespace: isMapped(uidMap ?? ''),
    capabilities,
    filesystems: await probeFilesystems(env, capabilities.effective.includes('CAP_SYS_ADMIN')),
    devices: await probeDevices(),
    programs: await probePrograms(env, dockerd),
    container,
    virtualMachine,
    ci,
    rootFilesystem: filesystemAt('/', mountinfo ?? ''),
    memory: memoryFacts(meminfo ?? '', await memoryLimit(ownCgroup ?? '')),
    cgroup: cgroupFacts(mountinfo ?? ''),
  };
}

async function probeFilesystems(
  env: MachineProbe['env'],
  mayMount: boolean,
): Promise<MachineFacts['filesystems']> {
  const listed = await textOf('/proc/filesystems');
  const folder = `/lib/modules/${release()}`;
  const modules = (
    await Promise.all([`${folder}/modules.dep`, `${folder}/modules.builtin`].map(textOf))
  ).join('\n');
  const support = async (name: KernelFilesystem): Promise<KernelSupport> => {
    const found = supportOf(name, listed, modules);
    return found === 'unknown' && mayMount ? attempt(name, env) : found;
  };
  const found = await Promise.all(
    kernelFilesystems.map(async (name) => [name, await support(name)] as const),
  );
  const unknown = {
    squashfs: 'unknown',
    erofs: 'unknown',
    overlay: 'unknown',
    ext4: 'unknown',
    fuse: 'unknown',
  } as const;
  return found.reduce((all, [name, value]) => ({ ...all, [name]: value }), unknown);
}

/** Changes nothing: /dev/null is not a block device, and the namespace ends with the command. */
async function attempt(name: KernelFilesystem, env: MachineProbe['env']): Promise<KernelSupport> {
  const script = 'unshare -m --propagation private mount -t "$1" /dev/null /mnt';
  const { stdout, stderr } = await probe(['sh', '-c', script, 'drayage', name], env);
  return supportByAttempt(`${stdout}${stderr}`);
}

async function probeDevices(): Promise<DeviceFacts> {
  const nodes = await readdir('/dev').catch((): string[] => []);
  return {
    hasLoop: /^ *\d+ loop$/m.test(await textOf('/proc/devices')),
    loopControl: nodes.includes('loop-control'),
    loopNodes: nodes.filter((name) => /^loop\d+$/.test(name)).length,
    fuse: nodes.includes('fuse'),
  };
}

async function probeVirtualMachine(): Promise<string | undefined> {
  const [vendor, product, cpuinfo, hypervisor, osrelease] = await Promise.all(
    [
      ...['/sys/class/dmi/id/sys_vendor', '/sys/class/dmi/id/product_name', '/proc/cpuinfo'],
      ...['/sys/hypervisor/type', '/proc/sys/kernel/osrelease'],
    ].map(textOf),
  );
  return virtualMachineName({ vendor, product, cpuinfo, hypervisor, osrelease });
}

async function memoryLimit(ownCgroup: string): Promise<string> {
  const unified = /^0::(\/.*)$/m.exec(ownCgroup)?.[1] ?? '/';
  const classic = /^\d+:(?:[\w,]*,)?memory(?:,[\w,]*)?:(\/.*)$/m.exec(ownCgroup)?.[1] ?? '/';
  const places = [
    `/sys/fs/cgroup${unified}/memory.max`,
    '/sys/fs/cgroup/memory.max',
    `/sys/fs/cgroup/memory${classic}/memory.limit_in_bytes`,
    '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  ];
  for (const place of places) {
    const text = await textOf(place);
    if (text !== '') return text;
  }
  return '';
}

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const there = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, position) => there[position]);
}

/** Reads a file; empty if it does not exist or cannot be read. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
