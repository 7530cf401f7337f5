import { writeFile, appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { detectCiSystem, type Level } from '@drayage/ci';
import { reasonOf } from '@drayage/core';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { runProgram } from '../run-program.ts';
import { safeText } from './safe-text.ts';

type LogHost = Pick<Host, 'env' | 'stderr' | 'ciCommands'>;

/** Begins a section of the log, if the CI system has any; the returned function ends it. */
export function openGroup(title: string, { env, ciCommands }: LogHost): () => void {
  const { openGroup: open, closeGroup: close } = detectCiSystem(env).log;
  if (open === undefined) return () => undefined;
  const id = `dray_${title.replaceAll(/[^a-z0-9]+/gi, '_')}_${String(process.pid)}`;
  const groupNow = (): Parameters<typeof open>[0] => ({ id, title, time: Math.floor(Date.now() / 1000) });
  ciCommands.write(open(groupNow()));
  return () => {
    if (close !== undefined) ciCommands.write(close(groupNow()));
  };
}

/** Prints a sentence; as an annotation, if the CI system has any and it is no mere notice. */
export function tell(level: Level, text: string, { env, stderr, ciCommands }: LogHost): void {
  const { annotate } = detectCiSystem(env).log;
  if (annotate === undefined || level === 'notice') stderr.write(`${text}\n`);
  else ciCommands.write(annotate(level, safeText(text)));
}

/** Hides passwords in handover URLs, if the CI system can hide secrets. */
export function maskPasswords({ handover }: Pick<Config, 'handover'>, { env, ciCommands }: LogHost): void {
  const { mask } = detectCiSystem(env).log;
  const password = handover === undefined ? '' : passwordOf(handover);
  if (mask === undefined || password === '') return;
  for (const secret of new Set([password, decoded(password)])) ciCommands.write(mask(secret));
}

function passwordOf(location: string): string {
  return URL.canParse(location) ? new URL(location).password : '';
}

function decoded(password: string): string {
  try {
    return decodeURIComponent(password).replaceAll(/[\r\n]/g, '');
  } catch {
    return password;
  }
}

/** Adds Markdown to the summary of the job, if the CI system has one. A failure is only a warning. */
export async function writeSummary(level: Level, markdown: string, host: Host): Promise<void> {
  const target = detectCiSystem(host.env).summaryTo(host.env);
  if (target === undefined) return;
  const text = cut(safeText(markdown), target.maxBytes);
  try {
    if (target.kind === 'file') await appendFile(target.path, text);
    else if (target.kind === 'program') await runProgram(target.command(level), text, host);
    else {
      const file = join(target.dir, `drayage-${String(process.pid)}.md`);
      await mkdir(target.dir, { recursive: true });
      await writeFile(file, text);
      host.ciCommands.write(target.line(file));
    }
  } catch (error) {
    host.stderr.write(`dray: warning: cannot write the summary of the job: ${reasonOf(error)}\n`);
  }
}

/** Whole lines within a limit. */
function cut(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const part = Buffer.from(text).subarray(0, maxBytes).toString();
  return part.slice(0, part.lastIndexOf('\n') + 1);
}
