import type { LogCommands } from '../ci-system.ts';

/** @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands */
export const workflowCommands: LogCommands = {
  openGroup: ({ title }) => `::group::${escaped(title)}\n`,
  closeGroup: () => '::endgroup::\n',
  annotate: (level, text) => `::${level} title=drayage::${escaped(text)}\n`,
  mask: (secret) => `::add-mask::${escaped(secret)}\n`,
};

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
