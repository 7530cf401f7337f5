import { detectCiSystem } from '@drayage/ci';
import type { RunContext } from '../conditions/conditions.ts';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

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
  const branch = textOf(answer['prBranch']) ?? textOf(answer['branch']);
  const event = env['TRAVIS_EVENT_TYPE'] ?? (answer['isPr'] === true ? 'pull_request' : undefined);
  return {
    branch,
    tag: textOf(answer['tag']),
    event,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
