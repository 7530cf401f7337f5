import { PassThrough, type Duplex } from 'node:stream';
import { EngineError, reasonOf, type HelperProcess } from '@drayage/core';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import { demultiplex } from './docker-stream.ts';

/** The program whose input and outputs are multiplexed on `socket`. */
export function attachedProcess(socket: Duplex, endpoint: EngineEndpoint): HelperProcess {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  // Both fail together, but a caller may listen to only one of them.
  for (const stream of [socket, stdout, stderr]) stream.on('error', () => undefined);
  demultiplex(socket, { stdout, stderr }).then(
    () => {
      stdout.end();
      stderr.end();
      socket.end();
    },
    (error: unknown) => {
      const lost = connectionLost(endpoint, error);
      stdout.destroy(lost);
      stderr.destroy(lost);
      socket.destroy();
    },
  );
  return { stdin: socket, stdout, stderr };
}

function connectionLost(endpoint: EngineEndpoint, error: unknown): EngineError {
  const message = `cannot talk to the helper container on ${endpoint.location}: ${reasonOf(error)}`;
  return new EngineError('ENGINE_HELPER_FAILED', message, {
    hint: 'Check that the engine is still running, or use --delivery load.',
    cause: error,
  });
}
