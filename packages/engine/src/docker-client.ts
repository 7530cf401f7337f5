import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { inspect } from 'node:util';
import Dockerode from 'dockerode';
import type { EndpointTls, EngineEndpoint } from './endpoint/endpoint.ts';
import { sharedSshAgent } from './ssh/ssh-agent.ts';

type ModemOptions = NonNullable<ConstructorParameters<typeof Dockerode>[0]> & { readonly agent: HttpAgent };

/**
 * A dockerode for exactly this endpoint; `apiVersion`, if given, prefixes every path. Does not connect yet.
 */
export function createDockerClient(endpoint: EngineEndpoint, apiVersion?: string): Dockerode {
  const version = apiVersion === undefined ? undefined : `v${apiVersion}`;
  const options = { ...connectionOptions(endpoint), timeout: undefined, version };
  return withoutDockerHost(() => new Dockerode(options));
}

// Sets every member, even to undefined: docker-modem takes missing ones from the environment.
function connectionOptions(endpoint: EngineEndpoint): ModemOptions {
  const { address } = endpoint;
  if (address.kind === 'unix') {
    const agent = opaque(new HttpAgent({ keepAlive: true }));
    return { socketPath: address.socketPath, protocol: 'http', agent, host: undefined, port: undefined };
  }
  if (address.kind === 'ssh') {
    const agent = opaque(sharedSshAgent(endpoint, address));
    return { host: hostHeader, port: undefined, protocol: 'http', agent };
  }
  const { host, port, tls } = address;
  if (tls === undefined)
    return { host, port, protocol: 'http', agent: opaque(new HttpAgent({ keepAlive: true })) };
  return { host, port, protocol: 'https', agent: tlsAgent(tls) };
}

/** The Host header when no host name leads to the engine. */
export const hostHeader = 'localhost';

function tlsAgent(tls: EndpointTls): HttpsAgent {
  return opaque(new HttpsAgent({ keepAlive: true, ...tlsOptions(tls) }));
}

/** TLS options for node's `https`. */
export function tlsOptions({ ca, cert, key, verify }: EndpointTls): ConnectionOptions {
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

// docker-modem 5.0.7 formats the options of every request for its debug log, even when the log is off: with
// an agent, that includes its sockets and their buffers, 8 ms of work each time.
function opaque<T extends HttpAgent>(agent: T): T {
  return Object.defineProperty(agent, inspect.custom, { value: () => '[agent]', configurable: true });
}

// docker-modem 5.0.7 reads DOCKER_HOST and its certificate files in the constructor even when all options are
// given, and throws when they are wrong. The endpoint is resolved already, so hide the variable during that
// one synchronous call.
function withoutDockerHost<T>(create: () => T): T {
  const saved = process.env['DOCKER_HOST'];
  delete process.env['DOCKER_HOST'];
  try {
    return create();
  } finally {
    if (saved !== undefined) process.env['DOCKER_HOST'] = saved;
  }
}
