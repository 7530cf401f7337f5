import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import type { SshAddress } from '../endpoint/ssh-address.ts';
import { ProgramConnection } from './program-connection.ts';
import { sshCommand } from './ssh-command.ts';
import { sshFailure } from './ssh-failure.ts';

// Servers refuse more than ten connections that are still logging in (sshd_config "MaxStartups"), and a
// helper container has its own connections.
const maxConnections = 6;

/** Connects requests through the `ssh` program, regardless of the host they name. */
class SshAgent extends Agent {
  readonly #endpoint: EngineEndpoint;
  readonly #address: SshAddress;

  constructor(endpoint: EngineEndpoint, address: SshAddress, keepAlive: boolean) {
    super({ keepAlive, maxSockets: maxConnections });
    this.#endpoint = endpoint;
    this.#address = address;
  }

  override createConnection(): Duplex {
    return new ProgramConnection(sshCommand(this.#address), (end) =>
      sshFailure(this.#endpoint, this.#address, end),
    );
  }
}

const shared = new WeakMap<EngineEndpoint, Agent>();

/** The agent that all ordinary requests to an endpoint share: a login takes much longer than most of them. */
export function sharedSshAgent(endpoint: EngineEndpoint, address: SshAddress): Agent {
  const agent = shared.get(endpoint) ?? new SshAgent(endpoint, address, true);
  shared.set(endpoint, agent);
  return agent;
}

/** An agent for one request with its own connection. */
export function singleSshAgent(endpoint: EngineEndpoint, address: SshAddress): Agent {
  return new SshAgent(endpoint, address, false);
}
