import { describe, expect, test } from '@jest/globals';
import { chooseBridge, type BridgeFacts } from './choose-bridge.ts';
import { engineChains, rulesNaming } from './firewall.ts';
import { userBridges } from './remove-networks.ts';
import { freeSubnet, gatewayOf, parseSubnet, routedSubnets } from './subnet.ts';

const free: BridgeFacts = { interfaces: ['lo', 'eth0'], routes: [], noIptables: undefined, hasIp: true };
const beside: BridgeFacts = { ...free, interfaces: ['lo', 'docker0', 'dray0'] };

function subnets(...texts: readonly string[]): BridgeFacts['routes'] {
  return texts.map(parseSubnet).filter((subnet) => subnet !== undefined);
}

describe('the bridge of a private engine', () => {
  test('is docker0 if that is free, and is removed with the engine', () => {
    expect(chooseBridge('auto', free)).toEqual({
      bridge: undefined,
      remove: 'docker0',
      iptables: true,
      notes: [],
    });
  });

  test('is a new one beside another engine', () => {
    const routes = subnets('172.17.0.0/16');
    expect(chooseBridge('auto', { ...beside, routes })).toMatchObject({
      bridge: 'dray1',
      create: { name: 'dray1', address: '172.18.0.1/16' },
      remove: 'dray1',
    });
  });

  test('has no rules without iptables, and a note says so', () => {
    const plan = chooseBridge('auto', { ...free, noIptables: 'program iptables not found' });
    expect(plan).toMatchObject({ bridge: 'dray0', iptables: false });
    expect(plan.notes).toHaveLength(1);
  });

  test('that exists is used and stays', () => {
    const plan = chooseBridge('dray0', beside);
    expect(plan).toMatchObject({ bridge: 'dray0' });
    expect(plan.remove).toBeUndefined();
    expect(plan.create).toBeUndefined();
  });

  test('is "none" on request, unless that would delete the bridge of another engine', () => {
    expect(chooseBridge('none', free)).toMatchObject({ bridge: 'none', iptables: false });
    expect(() => chooseBridge('none', beside)).toThrow(
      expect.objectContaining({ code: 'ENGINE_START_FAILED' }),
    );
  });

  test.each([
    ['program ip is missing', { ...beside, hasIp: false }],
    ['no subnet is free', { ...beside, routes: subnets('0.0.0.0/1', '128.0.0.0/1') }],
  ])('cannot be created if %s', (_, facts) => {
    expect(() => chooseBridge('auto', facts)).toThrow(
      expect.objectContaining({ code: 'ENGINE_START_FAILED' }),
    );
  });
});

describe('a subnet', () => {
  test('is free if it overlaps no used subnet, larger or smaller', () => {
    const found = freeSubnet(subnets('172.16.0.0/13', '172.24.5.0/24', '172.25.0.0/30'));
    expect(found && gatewayOf(found)).toBe('172.26.0.1/16');
  });

  test('is read from the routes of the kernel, without the default route', () => {
    const table = [
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      '',
    ].join('\n');
    expect(routedSubnets(table)).toEqual(subnets('172.17.0.0/16'));
  });
});

describe('firewall entries of an engine', () => {
  const listing = [
    '-P FORWARD ACCEPT',
    '-N DOCKER',
    '-N DOCKER-USER',
    '-N MINE',
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -i eth0 -j MINE',
    '-A FORWARD -o dray0 -j DOCKER',
    '-A DOCKER -i dray0 -j RETURN',
  ].join('\n');

  test('include the rules that name its bridge', () => {
    expect(rulesNaming('dray0', listing).map((words) => words.join(' '))).toEqual([
      '-D FORWARD -o dray0 -j DOCKER',
      '-D DOCKER -i dray0 -j RETURN',
    ]);
  });

  test('include its chains and the rules that jump to them, but no others', () => {
    expect(engineChains(listing).map((words) => words.join(' '))).toEqual([
      '-D FORWARD -j DOCKER-USER',
      '-D FORWARD -o dray0 -j DOCKER',
      '-F DOCKER',
      '-F DOCKER-USER',
      '-X DOCKER',
      '-X DOCKER-USER',
    ]);
  });
});

test('user bridges are found in the bytes of the network database', () => {
  const bytes = '\0{"BridgeName":"br-0123456789ab"}\0{"BridgeName":"br-0123456789ab"} br-short docker0';
  expect(userBridges(bytes)).toEqual(['br-0123456789ab']);
});
