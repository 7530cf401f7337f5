import { requireTool, type PackTool } from './pack-tool.ts';
import { settleRootTime } from './squashfs-root.ts';

/** Resource limits for a program. */
export interface ToolResources {
  readonly processors: number;
  /** Memory for its queues; it needs some ten MB more (bytes). */
  readonly memoryBytes: number;
}

/** `mksquashfs` that reads a tar and is reproducible. @throws DrayError `PACK_TOOL_MISSING` */
export async function squashfsTool(
  command: string,
  env: Readonly<Record<string, string>>,
  { processors, memoryBytes }: ToolResources,
): Promise<PackTool> {
  const [major, minor] = await requireTool(
    {
      command,
      versionArgs: ['-version'],
      // The first version that reads tars.
      least: [4, 5],
      packageName: 'squashfs-tools',
      purpose: 'write a squashfs pack',
    },
    env,
  );
  // Before 4.6 the time of the root directory cannot be set with a tar; it is set afterwards.
  const heedsRootTime = major > 4 || minor >= 6;
  const times = ['-mkfs-time', '0', '-root-time', '0'];
  const top = ['-root-mode', '0755', '-root-uid', '0', '-root-gid', '0'];
  const memory = `${String(Math.floor(memoryBytes / 1024 ** 2))}M`;
  const effort = ['-processors', String(processors), '-mem', memory];
  const manners = ['-noappend', '-no-recovery', '-exit-on-error', '-no-progress', '-quiet'];
  // Small files share no blocks: several versions (4.5.1, 4.7) occasionally mix up such blocks, in a race
  // with duplicate detection, and reading one small file would mean reading all its neighbours.
  const contents = ['-no-fragments'];
  const inodes = heedsRootTime ? [] : ['-noI'];
  return {
    name: 'mksquashfs',
    command,
    env,
    // At level 3, zstd compresses about as fast as layers arrive.
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
    // It accepts no entry for the root.
    beginning: Buffer.alloc(0),
    finish: async (file) => (heedsRootTime ? undefined : settleRootTime(file)),
  };
}
