/** Texts of files in `/proc` and `/sys`; empty if they do not exist. */
export interface MachineTraces {
  readonly vendor: string | undefined;
  readonly product: string | undefined;
  readonly cpuinfo: string | undefined;
  /** `/sys/hypervisor/type` */
  readonly hypervisor: string | undefined;
  readonly osrelease: string | undefined;
}

const makers =
  /qemu|kvm|amazon ec2|google|microsoft|vmware|virtualbox|innotek|xen|openstack|parallels|hetzner|digitalocean|bhyve|firecracker/i;

/** The name of the virtual machine; undefined on other machines. Pure. */
export function virtualMachineName(traces: MachineTraces): string | undefined {
  const { cpuinfo = '', osrelease = '' } = traces;
  if (/microsoft/i.test(osrelease)) return 'WSL';
  if (/linuxkit/i.test(osrelease)) return 'LinuxKit';
  const vendor = (traces.vendor ?? '').trim();
  const product = (traces.product ?? '').trim();
  const isVirtual = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo) || (traces.hypervisor ?? '').trim() === 'xen';
  const named = makers.test(`${vendor} ${product}`);
  if (!isVirtual && !named) return undefined;
  const name = [vendor, product].filter((text) => text !== '').join(' ');
  return name === '' ? 'a virtual machine' : name;
}
