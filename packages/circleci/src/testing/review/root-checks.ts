import type { Finding, ReviewCheck, ReviewCode } from './finding.ts';
import { mapAt, textAt } from './orb-file.ts';

const path = '@orb.yml';
const shortestDescription = 64;

/**
 * RC001, RC005, RC006 and RC007: the root file. CircleCI checks that the links work; here they must
 * point to the repository.
 */
export const rootChecks: ReviewCheck = (files, { repositoryUrl }) => {
  const content = files.find((file) => file.path === path)?.content ?? {};
  const display = mapAt(content, 'display');
  const [source, home] = [textAt(display, 'source_url'), textAt(display, 'home_url')];
  return [
    ...(source === undefined ? [finding('RC001', 'display.source_url is missing')] : []),
    ...((textAt(content, 'description') ?? '').length < shortestDescription
      ? [finding('RC005', `the description is shorter than ${shortestDescription} characters`)]
      : []),
    ...linkFindings('RC006', source, repositoryUrl),
    ...linkFindings('RC007', home, repositoryUrl),
  ];
};

function linkFindings(code: ReviewCode, link: string | undefined, repositoryUrl: string): readonly Finding[] {
  if (link === undefined) return [];
  const isOurs = link === repositoryUrl || link.startsWith(`${repositoryUrl}/`);
  return isOurs && URL.canParse(link) ? [] : [finding(code, `${link} does not point to ${repositoryUrl}`)];
}

function finding(code: ReviewCode, message: string): Finding {
  return { code, path, message };
}
