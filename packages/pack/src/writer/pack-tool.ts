import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DrayError, reasonOf, systemErrorCode } from '@drayage/core';

/** A program that makes a file system image of a tar on its standard input. */
export interface PackTool {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: (file: string) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What goes before the layers: the top of the file system. */
  readonly beginning: Buffer;
  /** What is left to do on the file when the program has ended. */
  readonly finish: (file: string) => Promise<void>;
}

/** Where programs are looked for, and what else they are told. */
export type ToolEnvironment = Readonly<Record<string, string | undefined>>;

/** A version as `[major, minor]`. */
export type Version = readonly [number, number];

const execute = promisify(execFile);

const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a program that shall give the same bytes wherever it runs. */
export function plainEnvironment(env: ToolEnvironment): Readonly<Record<string, string>> {
  const { PATH = standardPath, LD_LIBRARY_PATH, TMPDIR } = env;
  return {
    PATH,
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    LC_ALL: 'C',
    TZ: 'UTC',
  };
}

export interface NeededTool {
  readonly command: string;
  /** Arguments with which it tells its version. */
  readonly versionArgs: readonly string[];
  readonly least: Version;
  /** Where it comes from, such as `squashfs-tools`. */
  readonly packageName: string;
  /** What it is wanted for, after "cannot". */
  readonly purpose: string;
}

/** The version of a program that is there and new enough. @throws DrayError `PACK_TOOL_MISSING` */
export async function requireTool(tool: NeededTool, env: Readonly<Record<string, string>>): Promise<Version> {
  const text = await versionText(tool, env);
  const [, major = '', minor = ''] = /(\d+)\.(\d+)/.exec(text) ?? [];
  const version: Version = [Number(major), Number(minor)];
  const [leastMajor, leastMinor] = tool.least;
  const isNewEnough = version[0] > leastMajor || (version[0] === leastMajor && version[1] >= leastMinor);
  if (major !== '' && isNewEnough) return version;
  throw missing(tool, major === '' ? 'it tells no version' : `its version is ${major}.${minor}`);
}

async function versionText(tool: NeededTool, env: Readonly<Record<string, string>>): Promise<string> {
  try {
    const { stdout, stderr } = await execute(tool.command, tool.versionArgs, { env });
    return `${stdout}${stderr}`;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'EACCES') throw missing(tool, 'there is no such program', error);
    // Old ones end with an error after they have told it.
    const text = typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : '';
    if (text !== '') return text;
    throw missing(tool, reasonOf(error), error);
  }
}

function missing(tool: NeededTool, reason: string, cause?: unknown): DrayError {
  const least = tool.least.join('.');
  return new DrayError(
    'PACK_TOOL_MISSING',
    `cannot ${tool.purpose} with ${tool.command}, version ${least} or newer: ${reason}`,
    {
      hint: `Install ${tool.packageName} ${least} or newer.`,
      cause,
      details: { command: tool.command, packageName: tool.packageName, version: least },
    },
  );
}
