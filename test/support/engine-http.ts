import { request } from 'node:http';

/** Asks an engine for a document over its socket. */
export function getFromEngine(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.once('error', reject);
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`cannot get ${path} from the engine: ${String(answer.statusCode)} ${body}`));
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** Tells whether an engine answers. */
export async function isAnswering(socketPath: string): Promise<boolean> {
  return getFromEngine(socketPath, '/_ping').then(
    () => true,
    () => false,
  );
}
