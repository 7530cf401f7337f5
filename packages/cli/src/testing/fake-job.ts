import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseStatus, type StatusDocument } from '@drayage/core/handover';
import { temporaryDirectory } from '@drayage/core/testing';
import { runDray, type Ended } from './run-dray.ts';

type Env = Readonly<Record<string, string>>;

/** A CircleCI job whose steps run a fake dray command. */
export interface FakeJob {
  readonly path: string;
  /** The workspace. */
  readonly root: string;
  readonly bashEnv: string;
  readonly env: Env;
  /** Writes a dray command that records its arguments and `DRAY_…` variables, then runs this shell script. */
  dray(body: string): Promise<void>;
  program(name: string, body: string): Promise<void>;
  /** Creates an empty bundle of a node. */
  bundle(node: string): Promise<void>;
  /** Runs `dray ci STEP` in this process. */
  step(step: string, env?: Env): Promise<Ended>;
  /** Lines of a file; empty if it does not exist. */
  lines(name: string): Promise<readonly string[]>;
  status(folder: string): Promise<StatusDocument>;
  reports(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Creates a fake job; `remove` deletes it. */
export async function fakeJob(): Promise<FakeJob> {
  const dir = await temporaryDirectory();
  const { path } = dir;
  const [root, bashEnv, bin] = [join(path, 'root'), join(path, 'bash-env'), join(path, 'bin')];
  await mkdir(bin);
  await writeFile(bashEnv, '');
  const job = {
    ...{ CIRCLECI: 'true', CIRCLE_BUILD_NUM: '7', BASH_ENV: bashEnv, DRAY_WORKSPACE: root, DRAY_KEY: 'key' },
    ...{ PATH: `${bin}:${process.env['PATH'] ?? ''}`, DRAY_BUNDLE: '', HOME: path },
  };
  const program = async (name: string, body: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  };
  return {
    ...{ path, root, bashEnv, env: job, program },
    async dray(body) {
      const note = `env | grep ^DRAY_ | sort >>"${join(path, 'env')}"; echo "$*" >>"${join(path, 'calls')}"`;
      await program('dray', `${note}\n${body}`);
    },
    async bundle(node) {
      await mkdir(join(root, 'drayage/key', node), { recursive: true });
    },
    step: (step, env = {}) => runDray(['ci', step], { cwd: path, env: { ...job, ...env } }),
    async lines(name) {
      const text = await readFile(join(path, name), 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    async status(folder) {
      return parseStatus(await readFile(join(root, folder, 'dray-status.json')));
    },
    reports: async () => (await readdir(join(root, 'drayage/.report'))).sort(),
    remove: () => dir.remove(),
  };
}
