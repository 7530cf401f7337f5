import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from './testing/run-dray.ts';
import { exportDockerHost } from './wiring/export-docker-host.ts';

let dir: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  dir = await temporaryDirectory();
  await mkdir(join(dir.path, 'bin'));
});
afterEach(() => dir.remove());

type Env = Readonly<Record<string, string>>;

const github = (): Env => ({
  ...{ CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '55', GITHUB_ENV: join(dir.path, 'github-env') },
  GITHUB_STEP_SUMMARY: join(dir.path, 'summary.md'),
});
const azure = (): Env => ({
  ...{ TF_BUILD: 'True', BUILD_BUILDID: '9', AGENT_TEMPDIRECTORY: join(dir.path, 'agent') },
});
const gitlab: Env = { GITLAB_CI: 'true', CI_PIPELINE_ID: '9' };

/** An agent that records its arguments and its standard input. */
async function buildkite(exitCode = 0): Promise<Env> {
  const program = join(dir.path, 'bin/buildkite-agent');
  const record = `echo "$*" >>"${dir.path}/agent-calls"; cat >>"${dir.path}/agent-input"`;
  await writeFile(program, `#!/bin/sh\n${record}\nexit ${String(exitCode)}\n`);
  await chmod(program, 0o755);
  const PATH = `${join(dir.path, 'bin')}:${process.env['PATH'] ?? ''}`;
  return { BUILDKITE: 'true', BUILDKITE_BUILD_ID: 'b-1', BUILDKITE_JOB_ID: 'j-1', PATH };
}

const read = (name: string): Promise<string> => readFile(join(dir.path, name), 'utf8');

/** A load that finds no pre-pull. */
function miss(env: Env, ...more: readonly string[]): Promise<Ended> {
  return runDray(['load', '--grace', '1ms', ...more], { cwd: dir.path, env });
}

describe('dray load without a pre-pull', () => {
  test('on GitHub writes a section, a warning, and a summary', async () => {
    const { exitCode, stderr } = await miss(github());
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^::group::dray load\n[^]*^::endgroup::\n/m);
    expect(stderr).toMatch(/^::warning title=drayage::.*the job goes on/m);
    expect(await read('summary.md')).toMatch(/^### Images\n\n.*the job goes on/);
  });

  test('on Azure writes a section, a warning, and names the summary', async () => {
    const { stderr } = await miss(azure());
    expect(stderr).toMatch(/^##\[group\]dray load\n[^]*^##\[endgroup\]\n/m);
    expect(stderr).toMatch(/^##vso\[task\.logissue type=warning\].*the job goes on/m);
    const [, file = ''] = /^##vso\[task\.uploadsummary\](.+)$/m.exec(stderr) ?? [];
    expect(await readFile(file, 'utf8')).toMatch(/^### Images/);
  });

  test('on Buildkite annotates the build', async () => {
    const { stderr } = await miss(await buildkite());
    expect(stderr).toMatch(/^--- dray load\n/);
    expect(await read('agent-calls')).toBe('annotate --style warning --context drayage-j-1\n');
    expect(await read('agent-input')).toMatch(/^### Images/);
  });

  test('goes on if the agent fails', async () => {
    const { exitCode, stderr } = await miss(await buildkite(1));
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/warning: cannot write the summary of the job: .*exit code 1/);
  });

  test('on GitLab writes a section', async () => {
    const { stderr } = await miss(gitlab);
    expect(stderr).toMatch(/^section_start:\d+:dray_dray_load_\d+\[collapsed=true\]\r\u001b\[0Kdray load\n/);
    expect(stderr).toMatch(/^section_end:\d+:dray_dray_load_\d+\r\u001b\[0K\n/m);
  });

  test('elsewhere writes plain lines', async () => {
    const { stderr } = await miss({ CI: 'true' });
    expect(stderr).not.toMatch(/::|##|---|section_/);
  });

  test('with --no-summary leaves the summary alone', async () => {
    await miss(github(), '--no-summary');
    await expect(read('summary.md')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('with --strict is an error', async () => {
    const { exitCode, stderr } = await miss(github(), '--strict');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^::error title=drayage::/m);
  });
});

describe('a pre-pull', () => {
  let registry: FaultyRegistry;
  beforeEach(async () => {
    registry = await startFaultyRegistry();
  });
  afterEach(() => registry.close());

  test('lists its images in the summary', async () => {
    addImage(registry, 'org/app', ['1']);
    const name = `${registry.host}/org/app`;
    const { exitCode } = await runDray(['prepull', `${name}:1`], { cwd: dir.path, env: github() });
    expect(exitCode).toBe(0);
    const summary = await read('summary.md');
    expect(summary).toMatch(/^### Pre-pull\n\n1 image ready/);
    expect(summary).toContain(`| \`${name}:1\` | ready |`);
  });
});

describe('DOCKER_HOST for later steps', () => {
  const dockerHost = 'unix:///run/a.sock';
  const exported = async (env: Env): Promise<string> => {
    let written = '';
    const ciCommands = { isTerminal: false, write: (text: string) => void (written += text) };
    await exportDockerHost('auto', dockerHost, { env, cwd: dir.path, ciCommands });
    return written;
  };

  test('goes to the file of GitHub', async () => {
    await exported(github());
    expect(await read('github-env')).toBe(`DOCKER_HOST=${dockerHost}\n`);
  });

  test('goes to the file of CircleCI', async () => {
    await exported({ CIRCLECI: 'true', BASH_ENV: join(dir.path, 'bash-env') });
    expect(await read('bash-env')).toBe(`export DOCKER_HOST=${dockerHost}\n`);
  });

  test('goes to the agent of Buildkite', async () => {
    await exported(await buildkite());
    expect(await read('agent-calls')).toBe(`env set DOCKER_HOST=${dockerHost}\n`);
    await expect(exported(await buildkite(1))).rejects.toMatchObject({ code: 'STORE_IO' });
  });

  test('goes to the log of Azure', async () => {
    expect(await exported(azure())).toBe(`##vso[task.setvariable variable=DOCKER_HOST]${dockerHost}\n`);
  });
});

describe('--export without a file', () => {
  test('is possible where steps share variables', async () => {
    const { exitCode, stderr } = await miss(github(), '--export', '--verbose');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/export is set by --export/);
    expect(stderr).not.toMatch(/share no variables/);
  });

  test('says where they do not', async () => {
    const { exitCode, stderr } = await miss({ BITBUCKET_BUILD_NUMBER: '1' }, '--export');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/--export: steps of Bitbucket Pipelines share no variables/);
  });

  test('can be a key of the configuration file', async () => {
    await writeFile(join(dir.path, '.dray.yml'), 'export: auto\n');
    const { stderr } = await miss({ CI: 'true' });
    expect(stderr).toMatch(/share no variables/);
  });
});

describe('--handover auto', () => {
  test('is the package registry on GitLab', async () => {
    const { stderr } = await miss(gitlab, '--handover', 'auto');
    expect(stderr).toMatch(/gitlab:\/\//);
  });

  test('is the bundle directory where the system carries it', async () => {
    const { exitCode, stderr } = await miss(github(), '--handover', 'auto');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/the job goes on/);
  });

  test('is wrong usage on an unknown system', async () => {
    expect((await miss({ CI: 'true' }, '--handover', 'auto')).exitCode).toBe(2);
  });
});

test('the password of a handover location is hidden where the system can', async () => {
  const at = ['--handover', 'https://me:pl%40nted@files.example/'];
  expect((await miss(github(), ...at)).stderr).toMatch(/^::add-mask::pl%2540nted\n::add-mask::pl@nted\n/);
  expect((await miss({ CI: 'true' }, ...at)).stderr).not.toMatch(/pl(%40|@)nted/);
});

test('dray doctor says what it detected', async () => {
  const env = { ...github(), GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'push', GITHUB_SHA: 'c0ffee' };
  const { stdout } = await runDray(['doctor'], { cwd: dir.path, env });
  const [, group = ''] = stdout.split(/^CI system\n/m);
  expect(group).toMatch(/detected +GitHub Actions/);
  expect(group).toMatch(/pipeline +GITHUB_RUN_ID=55/);
  expect(group).toMatch(/this run +branch main, commit c0ffee, event push/);
  expect(group).toContain(join(dir.path, 'github-env'));
  expect(group).toMatch(/SIGINT, SIGTERM after 7.5 s, SIGKILL after 2.5 s/);
  const report: unknown = JSON.parse((await runDray(['doctor', '--json'], { cwd: dir.path, env })).stdout);
  expect(report).toMatchObject({ ci: { id: 'github', jobInterface: 'github' } });
});
