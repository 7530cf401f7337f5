import { runOrThrow } from './processes.ts';

/**
 * Lets containers with addresses in `subnet` reach each other, whatever the machine's firewall says: an
 * engine that once ran here may have set the policy of FORWARD to DROP, and bridged packets pass FORWARD
 * where br_netfilter is loaded. The engines of the tests make no rules of their own.
 */
export async function allowForwarding(subnet: string): Promise<{ remove(): Promise<void> }> {
  const rule = ['FORWARD', '--source', subnet, '--destination', subnet, '--jump', 'ACCEPT'];
  await runOrThrow('iptables', ['--wait', '--insert', ...rule]);
  return {
    async remove() {
      await runOrThrow('iptables', ['--wait', '--delete', ...rule]);
    },
  };
}
