import type { CiDescription } from '@drayage/ci';
import { formatColumns } from './columns.ts';
import { humanDuration } from './quantities.ts';

const width = 110;

/** What the CI system offers, as a group of `dray doctor`. */
export function ciText(ci: CiDescription): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['detected', ci.name],
    ['pipeline', ci.pipeline ?? 'unknown: pass --pipeline'],
    ['this run', runText(ci)],
    ['--export', ci.export ?? 'none: steps of a job share no variables'],
    ['--handover auto', ci.handover ?? 'the bundle directory, which the system carries from job to job'],
    ['--prepull-job', jobText(ci)],
    ['summary', ci.summary ?? 'none'],
    ['log', logText(ci)],
    ['cache', ci.cacheRoot === undefined ? undefined : `only files below ${ci.cacheRoot}`],
    ['a cancelled job', cancelText(ci)],
  ];
  const shown = rows.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]));
  return `${['CI system', ...formatColumns(shown, width).map((line) => `  ${line}`)].join('\n')}\n`;
}

function runText({ run }: CiDescription): string | undefined {
  const { branch, tag, event, commit, isFork } = run ?? {};
  const facts = [
    branch && `branch ${branch}`,
    tag && `tag ${tag}`,
    commit && `commit ${commit.slice(0, 12)}`,
    event && `event ${event}`,
    isFork === true ? 'from a fork' : undefined,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? undefined : facts.join(', ');
}

function jobText({ jobInterface }: CiDescription): string {
  switch (jobInterface) {
    case 'github':
      return 'asks the REST API with GITHUB_TOKEN (permission actions: read)';
    case 'gitlab':
      return 'asks the API with the token of the job';
    case 'buildkite':
      return 'asks buildkite-agent';
    case undefined:
      return 'not supported: the status document alone decides';
  }
}

function logText({ hasGroups, hasAnnotations, hasMasks }: CiDescription): string {
  const found = [hasGroups && 'sections', hasAnnotations && 'annotations', hasMasks && 'masked secrets'];
  return found.filter((text) => text !== false).join(', ') || 'plain lines';
}

function cancelText({ cancellation }: CiDescription): string | undefined {
  return cancellation
    ?.map(({ signal, afterMs }) => (afterMs === 0 ? signal : `${signal} after ${humanDuration(afterMs)}`))
    .join(', ');
}
