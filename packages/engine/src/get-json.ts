import type Dockerode from 'dockerode';

/**
 * What the engine answers to a GET, parsed if it is JSON. For the questions of dockerode that take no signal: an abort ends the request, so
 * that a silent engine does not keep the process. Errors are dockerode's.
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
