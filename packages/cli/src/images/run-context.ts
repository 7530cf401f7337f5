import { detectCiSystem } from '@drayage/ci';
import type { RunContext } from '../conditions/conditions.ts';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

// The event of a run in CI systems that packages/ci does not know; otherwise `pull_request` if there is one.
const eventVariables = ['GITHUB_EVENT_NAME', 'BUILD_REASON', 'TRAVIS_EVENT_TYPE'];

/**
 * Branch, git tag and event of this run: from `DRAY_BRANCH`, `DRAY_TAG` and `DRAY_EVENT`, else from the CI
 * system, else from git. The branch of a pull request is its source branch; a run for a tag has no branch.
 */
export async function readRunContext(
  { branch, tag, event }: Pick<Config, 'branch' | 'tag' | 'event'>,
  { env, cwd }: Pick<Host, 'env' | 'cwd'>,
): Promise<RunContext> {
  const found = detectCiSystem(env).readRun(env) ?? (await askLibrary(env, cwd));
  const ownTag = tag ?? (branch === undefined ? found.tag : undefined);
  const ownBranch = branch ?? (ownTag === undefined ? found.branch : undefined);
  const ownEvent = event ?? found.event;
  return {
    branch: ownBranch,
    tag: ownTag,
    event: ownEvent,
  };
}

async function askLibrary(env: Host['env'], cwd: string): Promise<RunContext> {
  const { default: envCi } = await import('env-ci');
  const answer: Readonly<Record<string, unknown>> = { ...envCi({ env: { ...env }, cwd }) };
  const tag = textOf(answer['tag']) ?? githubTag(env);
  const branch = textOf(answer['prBranch']) ?? textOf(env['GITHUB_HEAD_REF']) ?? textOf(answer['branch']);
  const named = eventVariables.map((name) => textOf(env[name])).find((value) => value !== undefined);
  const event = named ?? (answer['isPr'] === true ? 'pull_request' : undefined);
  return {
    branch,
    tag,
    event,
  };
}

function githubTag(env: Host['env']): string | undefined {
  return env['GITHUB_REF_TYPE'] === 'tag' ? textOf(env['GITHUB_REF_NAME']) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
