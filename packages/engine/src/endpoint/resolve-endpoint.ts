import { join } from 'node:path';
import { UsageError } from '@drayage/core';
import { invalidClientFile, readClientJson } from './client-files.ts';
import { readDockerContext } from './docker-context.ts';
import type { EndpointTls, EngineEndpoint } from './endpoint.ts';
import { formatAddress, parseHostUrl } from './host-url.ts';
import { missingTlsFile, readTlsFiles } from './tls-files.ts';

const defaultHost = 'unix:///var/run/docker.sock';
const defaultContext = 'default';

/** The settings that choose the engine. */
export interface EndpointOptions {
  /** The environment, such as `process.env`; only `DOCKER_*` is read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parent of `.docker`, unless `DOCKER_CONFIG` names another directory. */
  readonly homeDir: string;
  /** Like `docker --host`. */
  readonly host?: string | undefined;
  /** Like `docker --context`. */
  readonly context?: string | undefined;
}

/**
 * Finds the engine that the docker client would use. The first of these that is set decides: `context`,
 * `host`, `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` in the client's config file, the default socket.
 * `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` apply to `host`, `DOCKER_HOST` and the default; a
 * context has its own TLS files. Does not connect.
 * @throws EngineError `ENGINE_CONFIG_INVALID` naming the variable, file or context; UsageError `USAGE` when
 * both `host` and `context` are given
 */
export async function resolveEngineEndpoint(options: EndpointOptions): Promise<EngineEndpoint> {
  if (isSet(options.context) && isSet(options.host)) {
    throw new UsageError('USAGE', 'cannot choose an engine: both a host and a context are given', {
      hint: 'Give only one of them.',
    });
  }
  const configDir = setting(options, 'DOCKER_CONFIG') ?? join(options.homeDir, '.docker');
  const chosen = await chooseContext(options, configDir);
  return chosen === undefined || chosen.name === defaultContext
    ? await hostEndpoint(options, configDir)
    : await contextEndpoint(configDir, chosen);
}

interface ChosenContext {
  readonly name: string;
  readonly origin: string;
}

// The order of the docker client's resolveContextName (docker/cli v28, cli/command/cli.go).
async function chooseContext(
  options: EndpointOptions,
  configDir: string,
): Promise<ChosenContext | undefined> {
  if (isSet(options.context)) return { name: options.context, origin: 'the options' };
  if (isSet(options.host) || setting(options, 'DOCKER_HOST') !== undefined) return undefined;
  const fromEnv = setting(options, 'DOCKER_CONTEXT');
  if (fromEnv !== undefined) return { name: fromEnv, origin: 'DOCKER_CONTEXT' };
  const configPath = join(configDir, 'config.json');
  const config = await readClientJson(configPath, 'the docker client configuration');
  const current = config?.['currentContext'];
  if (current === undefined || current === '') return undefined;
  if (typeof current === 'string') return { name: current, origin: configPath };
  throw invalidClientFile(configPath, 'the docker client configuration', '"currentContext" is not a string');
}

async function contextEndpoint(configDir: string, { name, origin }: ChosenContext): Promise<EngineEndpoint> {
  const context = await readDockerContext(configDir, name, origin);
  const who = `context "${name}"`;
  const address = parseHostUrl(context.host ?? defaultHost, context.tls, who);
  return { location: formatAddress(address), origin: who, address };
}

async function hostEndpoint(options: EndpointOptions, configDir: string): Promise<EngineEndpoint> {
  const fromEnv = setting(options, 'DOCKER_HOST');
  const origin = isSet(options.host) ? 'the options' : fromEnv === undefined ? 'the default' : 'DOCKER_HOST';
  const text = isSet(options.host) ? options.host : (fromEnv ?? defaultHost);
  // Sockets and ssh use no TLS, so the TLS variables, often left over, may be wrong.
  const tls = /^(unix|ssh):\/\//i.test(text) ? undefined : await tlsOfEnv(options, configDir);
  const address = parseHostUrl(text, tls, origin);
  return { location: formatAddress(address), origin, address };
}

async function tlsOfEnv(options: EndpointOptions, configDir: string): Promise<EndpointTls | undefined> {
  const verify = setting(options, 'DOCKER_TLS_VERIFY') !== undefined;
  if (!verify && setting(options, 'DOCKER_TLS') === undefined) return undefined;
  const certPath = setting(options, 'DOCKER_CERT_PATH');
  const directory = certPath ?? configDir;
  const origin = certPath === undefined ? 'DOCKER_TLS_VERIFY' : 'DOCKER_CERT_PATH';
  const files = await readTlsFiles(directory, origin);
  if (verify && files.ca === undefined) throw missingTlsFile(join(directory, 'ca.pem'), origin);
  return { ...files, verify };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function setting(options: EndpointOptions, name: string): string | undefined {
  const value = options.env[name];
  return isSet(value) ? value : undefined;
}
