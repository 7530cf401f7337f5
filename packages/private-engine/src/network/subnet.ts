/** An IPv4 subnet, as numbers. */
export interface Subnet {
  readonly address: number;
  readonly prefix: number;
}

/** Docker's usual subnets for bridges: 172.17 – 172.31, then 10.x and 192.168.x. */
const candidates: readonly string[] = [
  ...Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
  ...Array.from({ length: 56 }, (_, i) => `10.${200 + i}.0.0/16`),
  ...Array.from({ length: 100 }, (_, i) => `192.168.${100 + i}.0/24`),
];

/** The first subnet for containers that overlaps no used one; undefined if all do. Pure. */
export function freeSubnet(used: readonly Subnet[]): Subnet | undefined {
  return candidates
    .map(parseSubnet)
    .filter((subnet) => subnet !== undefined)
    .find((subnet) => !used.some((other) => overlap(subnet, other)));
}

/** Parses `172.17.0.0/16`; undefined for other text. Pure. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix };
}

/** The first address with the prefix length, as a bridge gets it: `172.17.0.1/16`. Pure. */
export function gatewayOf({ address, prefix }: Subnet): string {
  const gateway = address + 1;
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(gateway / 2 ** shift) % 256);
  return `${octets.join('.')}/${prefix}`;
}

/**
 * The subnets in `/proc/net/route`, without the default route. Pure.
 * @see https://docs.kernel.org/networking/ (addresses and masks are hexadecimal, in the machine's byte order)
 */
export function routedSubnets(table: string): readonly Subnet[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length > 7)
    .map((fields) => ({ address: swapped(fields[1]), prefix: bitsOf(swapped(fields[7])) }))
    .filter(({ prefix }) => prefix > 0);
}

function overlap(a: Subnet, b: Subnet): boolean {
  const block = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.address / block) === Math.floor(b.address / block);
}

function swapped(hex = '0'): number {
  const bytes = hex.padStart(8, '0').match(/../g) ?? [];
  return Number.parseInt(bytes.toReversed().join(''), 16);
}

function bitsOf(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}
