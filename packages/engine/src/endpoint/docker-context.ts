import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EngineError, isObject, printable } from '@drayage/core';
import { invalidClientFile, readClientJson } from './client-files.ts';
import type { EndpointTls } from './endpoint.ts';
import { readTlsFiles } from './tls-files.ts';

/** The engine of a docker context. */
export interface DockerContext {
  /** In the syntax of `DOCKER_HOST`; undefined: the default socket. */
  readonly host: string | undefined;
  readonly tls: EndpointTls | undefined;
}

/**
 * Reads a context from the docker client's store (`contexts/meta` and `contexts/tls` below `configDir`, each
 * named by the sha256 of the name). `origin` names where the name came from.
 * @throws EngineError `ENGINE_CONFIG_INVALID` when the context does not exist or cannot be read
 */
export async function readDockerContext(
  configDir: string,
  name: string,
  origin: string,
): Promise<DockerContext> {
  const id = createHash('sha256').update(name).digest('hex');
  const metaPath = join(configDir, 'contexts', 'meta', id, 'meta.json');
  const what = `docker context "${printable(name, 100)}"`;
  const meta = await readClientJson(metaPath, what);
  if (meta === undefined) throw unknownContext(what, configDir, origin);
  const endpoints = meta['Endpoints'];
  const endpoint = isObject(endpoints) ? endpoints['docker'] : undefined;
  if (!isObject(endpoint)) throw invalidClientFile(metaPath, what, 'it has no docker endpoint');
  const host = endpoint['Host'];
  if (host !== undefined && typeof host !== 'string') {
    throw invalidClientFile(metaPath, what, '"Host" is not a string');
  }
  const files = await readTlsFiles(join(configDir, 'contexts', 'tls', id, 'docker'), what);
  const skipVerify = endpoint['SkipTLSVerify'] === true;
  const usesTls = skipVerify || Object.keys(files).length > 0;
  return {
    host: host === '' ? undefined : host,
    tls: usesTls ? { ...files, verify: !skipVerify } : undefined,
  };
}

function unknownContext(what: string, configDir: string, origin: string): EngineError {
  return new EngineError(
    'ENGINE_CONFIG_INVALID',
    `cannot find ${what} from ${origin}: ${configDir} has no such context`,
    {
      hint: 'Choose one that "docker context ls" shows, or unset it.',
    },
  );
}
