import { request } from 'node:http';

/** An answer of an engine, of any status. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request without a body to an engine over its socket, and reads the answer to its end. */
export function askEngine(socketPath: string, path: string, method = 'GET'): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.once('error', reject);
      answer.once('end', () => {
        resolve({ status: answer.statusCode ?? 0, body });
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** Asks an engine for a document over its socket. */
export async function getFromEngine(socketPath: string, path: string): Promise<string> {
  const { status, body } = await askEngine(socketPath, path);
  if (status === 200) return body;
  throw new Error(`cannot get ${path} from the engine: ${String(status)} ${body}`);
}

/** Tells whether an engine answers. */
export async function isAnswering(socketPath: string): Promise<boolean> {
  return getFromEngine(socketPath, '/_ping').then(
    () => true,
    () => false,
  );
}
