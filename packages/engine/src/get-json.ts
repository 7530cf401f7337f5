import type Dockerode from 'dockerode';

/**
 * The engine's response to a GET, parsed if it is JSON. For dockerode's calls that take no signal: an abort
 * ends the request, so that a silent engine does not keep the process alive. Throws dockerode's errors.
 */
export function getJson(docker: Dockerode, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  const request = {
    path,
    method: 'GET',
    statusCodes: { 200: true, 404: 'not found', 500: 'server error' },
    ...(signal === undefined ? {} : { abortSignal: signal }),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}
