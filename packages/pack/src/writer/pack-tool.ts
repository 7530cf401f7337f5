import { DrayError, systemErrorCode } from '@drayage/core';
import { runProgram, type Environment } from '@drayage/host';

/** A program that makes a file system image from a tar on standard input. */
export interface PackTool {
  /** Name for messages. */
  readonly name: string;
  readonly command: string;
  readonly args: (file: string) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The root directory of the file system; comes before the layers. */
  readonly beginning: Buffer;
  /** Completes the file after the program has ended. */
  readonly finish: (file: string) => Promise<void>;
}

/** A version as `[major, minor]`. */
export type Version = readonly [number, number];

const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An environment in which a program writes the same bytes on every machine. */
export function plainEnvironment(env: Environment): Readonly<Record<string, string>> {
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
  /** Arguments to print the version. */
  readonly versionArgs: readonly string[];
  readonly least: Version;
  /** The package to install, such as `squashfs-tools`. */
  readonly packageName: string;
  /** Completes "cannot …" in messages. */
  readonly purpose: string;
}

/** Returns a program's version if it is new enough. @throws DrayError `PACK_TOOL_MISSING` */
export async function requireTool(tool: NeededTool, env: Readonly<Record<string, string>>): Promise<Version> {
  const { stdout, stderr, startError } = await runProgram([tool.command, ...tool.versionArgs], { env });
  if (startError !== undefined) {
    const isMissing = ['ENOENT', 'EACCES'].includes(systemErrorCode(startError) ?? '');
    throw missing(tool, isMissing ? 'program not found' : stderr, startError);
  }
  // The exit code is ignored, because old versions print their version and then fail.
  const [, major = '', minor = ''] = /(\d+)\.(\d+)/.exec(`${stdout}${stderr}`) ?? [];
  const version: Version = [Number(major), Number(minor)];
  const [leastMajor, leastMinor] = tool.least;
  const isNewEnough = version[0] > leastMajor || (version[0] === leastMajor && version[1] >= leastMinor);
  if (major !== '' && isNewEnough) return version;
  throw missing(tool, major === '' ? 'it prints no version' : `its version is ${major}.${minor}`);
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
