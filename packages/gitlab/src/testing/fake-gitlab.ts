import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '@drayage/core/testing';
import { tokenOf } from './access.ts';
import { serveStorage, type LeakedToken } from './object-storage.ts';
import { sendError } from './reply.ts';
import { route } from './routes.ts';
import {
  serverNow,
  type FakeFailure,
  type FakeJob,
  type FakePackageFile,
  type FakeRequest,
  type FakeSettings,
  type FakeState,
  type TokenKind,
} from './state.ts';

export interface FakeGitlabOptions extends Partial<FakeSettings> {
  /** Default 42. */
  readonly projectId?: number;
  /** The value of `CI_JOB_TOKEN`. */
  readonly jobToken?: string;
  /** A project access token. */
  readonly accessToken?: string;
  /** PEM; with it GitLab speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/**
 * A GitLab in this process, with the parts of the API that we need: generic packages, the list of packages,
 * the jobs of a pipeline. One private project; on loopback, with its own ports. Keeps its data on disk until
 * `close`. Redirects downloads to a second origin, the object storage.
 */
export interface FakeGitlab {
  /** `CI_SERVER_URL`. */
  readonly url: string;
  /** `CI_API_V4_URL`. */
  readonly apiUrl: string;
  readonly storageUrl: string;
  readonly projectId: number;
  readonly jobToken: string;
  readonly accessToken: string;
  /** Can be changed at any time. */
  readonly settings: FakeSettings;
  /** Every request that has been answered, oldest first. */
  readonly requests: readonly FakeRequest[];
  /** Tokens that the object storage received; must stay empty. */
  readonly leaks: readonly LeakedToken[];
  /** Every file of every package, oldest first. */
  files(): readonly FakePackageFile[];
  /** The variables that GitLab sets in a job of that pipeline. */
  jobEnv(pipelineId: number): Record<string, string>;
  /** Sets the jobs of a pipeline. Before this, the pipeline does not exist. */
  setJobs(pipelineId: number, jobs: readonly FakeJob[]): void;
  /** Plans a failure; earlier ones take precedence. */
  fail(failure: FakeFailure): void;
  /**
   * Makes the next download from the object storage break off after so many bytes. Can be called several
   * times.
   */
  breakDownload(afterBytes: number): void;
  /** Advances the server's clock. */
  advance(ms: number): void;
  /** Ends all connections and removes what was stored. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a GitLab on free loopback ports. The caller closes it. */
export async function startFakeGitlab(options: FakeGitlabOptions = {}): Promise<FakeGitlab> {
  const temporary = await temporaryDirectory();
  const state = createState(options, temporary.path);
  const [requests, leaks]: [FakeRequest[], LeakedToken[]] = [[], []];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(state, requests, request, response);
  };
  const api = options.tls === undefined ? createServer(answer) : createTlsServer(options.tls, answer);
  api.on('checkContinue', answer);
  const storage = createServer((request, response) => void serveStorage(state, leaks, request, response));
  const scheme = options.tls === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${String(await listen(api))}`;
  state.storageUrl = `http://127.0.0.1:${String(await listen(storage))}`;
  return {
    url,
    apiUrl: `${url}/api/v4`,
    storageUrl: state.storageUrl,
    projectId: state.projectId,
    jobToken: state.jobToken,
    accessToken: state.accessToken,
    settings: state.settings,
    requests,
    leaks,
    files: () => [...state.files.values()],
    jobEnv: (pipelineId) => jobEnv(state, url, pipelineId),
    setJobs: (pipelineId, jobs) => state.jobs.set(pipelineId, jobs),
    fail: (failure) => state.failures.push({ failure, left: failure.times ?? 1 }),
    breakDownload: (afterBytes) => state.breaks.push(afterBytes),
    advance: (ms) => (state.aheadMs += ms),
    async close() {
      await Promise.all([stop(api), stop(storage)]);
      await temporary.remove();
    },
  };
}

function createState(options: FakeGitlabOptions, dir: string): FakeState {
  const { projectId, jobToken, accessToken, ...settings } = options;
  return {
    projectId: projectId ?? 42,
    jobToken: jobToken ?? 'planted-job-token',
    accessToken: accessToken ?? 'planted-access-token',
    settings: {
      allowsDuplicates: settings.allowsDuplicates ?? true,
      maxFileBytes: settings.maxFileBytes ?? 5 * 1024 ** 3,
      downloads: settings.downloads ?? 'redirect',
      latencyMs: settings.latencyMs ?? 0,
      jobTokenListsJobs: settings.jobTokenListsJobs ?? true,
      jobTokenDeletes: settings.jobTokenDeletes ?? false,
      spoilsUploads: settings.spoilsUploads ?? false,
      hasPackages: settings.hasPackages ?? true,
    },
    packages: new Map(),
    files: new Map(),
    jobs: new Map(),
    failures: [],
    breaks: [],
    signatures: new Map(),
    dir,
    storageUrl: '',
    aheadMs: 0,
    lastId: 0,
  };
}

function jobEnv(state: FakeState, url: string, pipelineId: number): Record<string, string> {
  return {
    CI: 'true',
    GITLAB_CI: 'true',
    CI_SERVER_URL: url,
    CI_API_V4_URL: `${url}/api/v4`,
    CI_PROJECT_ID: String(state.projectId),
    CI_PIPELINE_ID: String(pipelineId),
    CI_JOB_TOKEN: state.jobToken,
  };
}

async function serve(
  state: FakeState,
  requests: FakeRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const base = `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? ''}`;
  const url = new URL(request.url ?? '/', base);
  const token = tokenOf(state, request.headers);
  const segments = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const [method, path] = [request.method ?? '', `/${segments.slice(2).join('/')}`];
  let bytesReceived = 0;
  response.on('finish', () => {
    const query = Object.fromEntries(url.searchParams);
    const { headers } = request;
    requests.push({ method, path, query, headers, token, status: response.statusCode, bytesReceived });
  });
  request.on('error', () => undefined);
  response.setHeader('date', new Date(serverNow(state)).toUTCString());
  if (state.settings.latencyMs > 0) await sleep(state.settings.latencyMs);
  if (isFailed(state, method, path, response)) return;
  const onBytes = (count: number): void => {
    bytesReceived += count;
  };
  await answerProject({ state, request, response, url, segments, token, onBytes });
}

async function answerProject(exchange: {
  readonly state: FakeState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly segments: readonly string[];
  readonly token: TokenKind;
  readonly onBytes: (count: number) => void;
}): Promise<void> {
  const { state, segments, response } = exchange;
  const [api, version, collection, project, ...rest] = segments;
  const isKnown = api === 'api' && version === 'v4' && collection === 'projects';
  if (!isKnown || project !== String(state.projectId)) {
    sendError(response, 404, '404 Project Not Found');
    return;
  }
  await route({ ...exchange, segments: rest });
}

function isFailed(state: FakeState, method: string, path: string, response: ServerResponse): boolean {
  const planned = state.failures.find(({ failure, left }) => {
    const isMethod = failure.method === undefined || failure.method === method;
    return left > 0 && isMethod && (failure.path === undefined || failure.path.test(path));
  });
  if (planned === undefined) return false;
  planned.left -= 1;
  const { status, retryAfter } = planned.failure;
  if (status === 'reset') {
    response.destroy();
    return true;
  }
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  response.setHeader('connection', 'close');
  sendError(response, status, `${String(status)} as planned`);
  return true;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
