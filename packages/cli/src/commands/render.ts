import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError, printable, systemErrorCode } from '@drayage/core';
import type { PipelineDefinitions, RenderedFiles } from '@drayage/core/pipeline';
import { exitCodes } from '../exit-codes.ts';
import { counted } from '../output/quantities.ts';
import { pipelineDefinitions } from '../wiring/pipeline-definitions.ts';
import type { CommandContext } from '../command.ts';

interface Renderer {
  /** The folder that contains only rendered files. */
  readonly folder: string;
  readonly render: (definitions: PipelineDefinitions) => Promise<RenderedFiles>;
}

const renderers: ReadonlyMap<string, Renderer> = new Map([
  [
    'circleci',
    {
      folder: 'orbs',
      render: async (definitions) => (await import('@drayage/circleci')).renderOrb(definitions),
    },
  ],
  [
    'gitlab',
    {
      folder: 'gitlab-templates',
      render: async (definitions) => (await import('@drayage/gitlab')).renderGitlabTemplates(definitions),
    },
  ],
]);

/** What `render --json` prints. Paths are relative to `--into`. */
export interface RenderReport {
  /** All rendered files, sorted. */
  readonly files: readonly string[];
  /** Files that were out of date; with `--check` they still are. */
  readonly changed: readonly string[];
  /** Existing files that are not rendered. */
  readonly unexpected: readonly string[];
}

/** `dray render`. */
export async function runRender({ args, commands, config, host }: CommandContext): Promise<number> {
  const { check, into, checksums } = config;
  const definitions = await pipelineDefinitions(commands, host.version, checksums);
  const reports: RenderReport[] = [];
  for (const { folder, render } of chosenRenderers(args)) {
    const rendered = new Map(
      [...(await render(definitions))].map(([path, text]) => [`${folder}/${path}`, text]),
    );
    const report = await compare(into, folder, rendered);
    if (!check) await write(into, rendered, report.changed);
    reports.push(report);
  }
  const all = (part: keyof RenderReport): readonly string[] => reports.flatMap((report) => report[part]);
  const report: RenderReport = {
    files: all('files'),
    changed: all('changed'),
    unexpected: all('unexpected'),
  };
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : renderText(report, check));
  return check && report.changed.length + report.unexpected.length > 0
    ? exitCodes.notAvailable
    : exitCodes.done;
}

/** One line per file that is out of date or unexpected, then the total. */
export function renderText({ files, changed, unexpected }: RenderReport, check: boolean): string {
  const verb = check ? 'differs' : 'written';
  const sum = `${counted(files.length, 'file')} rendered, ${String(changed.length)} ${check ? 'differ' : 'written'}`;
  return [
    ...changed.map((path) => `${path}: ${verb}`),
    ...unexpected.map((path) => `${path}: not a rendered file, remove it`),
    sum,
    '',
  ].join('\n');
}

function chosenRenderers([name]: readonly string[]): readonly Renderer[] {
  if (name === undefined) return [...renderers.values()];
  const found = renderers.get(name);
  if (found !== undefined) return [found];
  throw new UsageError('USAGE', `cannot render for "${printable(name, 60)}": unknown CI system`, {
    hint: `Name one of ${[...renderers.keys()].join(', ')}, or omit it for all.`,
  });
}

async function compare(into: string, folder: string, rendered: RenderedFiles): Promise<RenderReport> {
  const files = [...rendered.keys()].sort();
  const changed: string[] = [];
  for (const path of files) {
    if ((await readIfThere(join(into, path))) !== rendered.get(path)) changed.push(path);
  }
  const present = await filesBelow(join(into, folder));
  const unexpected = present.map((path) => `${folder}/${path}`).filter((path) => !rendered.has(path));
  return { files, changed, unexpected };
}

async function write(into: string, rendered: RenderedFiles, changed: readonly string[]): Promise<void> {
  for (const path of changed) {
    const file = join(into, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, rendered.get(path) ?? '');
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function filesBelow(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
