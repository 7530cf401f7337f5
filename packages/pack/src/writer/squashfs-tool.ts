import { requireTool, type PackTool } from './pack-tool.ts';
import { settleRootTime } from './squashfs-root.ts';

/** How much a program may use. */
export interface ToolResources {
  readonly processors: number;
  /** For its queues; it needs some ten MB more (bytes). */
  readonly memoryBytes: number;
}

/** `mksquashfs` reading a tar, such that the same tar gives the same file. @throws DrayError `PACK_TOOL_MISSING` */
export async function squashfsTool(
  command: string,
  env: Readonly<Record<string, string>>,
  { processors, memoryBytes }: ToolResources,
): Promise<PackTool> {
  const [major, minor] = await requireTool(
    {
      command,
      versionArgs: ['-version'],
      // The first that reads tars.
      least: [4, 5],
      packageName: 'squashfs-tools',
      purpose: 'write a squashfs pack',
    },
    env,
  );
  // Before 4.6 the time of the top directory cannot be given along with a tar, and is set afterwards.
  const heedsRootTime = major > 4 || minor >= 6;
  const times = ['-mkfs-time', '0', '-root-time', '0'];
  const top = ['-root-mode', '0755', '-root-uid', '0', '-root-gid', '0'];
  const memory = `${String(Math.floor(memoryBytes / 1024 ** 2))}M`;
  const effort = ['-processors', String(processors), '-mem', memory];
  const manners = ['-noappend', '-no-recovery', '-exit-on-error', '-no-progress', '-quiet'];
  // Small files share no blocks: several versions (4.5.1, 4.7) mix up such blocks now and then, in a race with the search for duplicates, and
  // one small file would cost the reading of all its neighbours.
  const contents = ['-no-fragments'];
  const inodes = heedsRootTime ? [] : ['-noI'];
  return {
    name: 'mksquashfs',
    command,
    env,
    // Level 3 is where zstd packs about as fast as a layer comes.
    args: (file) => [
      '-',
      file,
      '-tar',
      '-comp',
      'zstd',
      '-Xcompression-level',
      '3',
      ...times,
      ...top,
      ...effort,
      ...manners,
      ...inodes,
      ...contents,
    ],
    // It takes no entry for the top.
    beginning: Buffer.alloc(0),
    finish: async (file) => (heedsRootTime ? undefined : settleRootTime(file)),
  };
}
