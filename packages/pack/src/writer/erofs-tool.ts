import { formatHeader } from '../layer/write-header.ts';
import { requireTool, type PackTool } from './pack-tool.ts';

const noUuid = '00000000-0000-0000-0000-000000000000';

/**
 * `mkfs.erofs` that reads a tar and is reproducible. Keeps all files uncompressed in `TMPDIR` while it works.
 * @throws DrayError `PACK_TOOL_MISSING`
 */
export async function erofsTool(command: string, env: Readonly<Record<string, string>>): Promise<PackTool> {
  await requireTool(
    {
      command,
      versionArgs: ['-V'],
      // The first version that makes complete images from tars and can fix the time of the image alone.
      least: [1, 8],
      packageName: 'erofs-utils',
      purpose: 'write an EROFS pack',
    },
    env,
  );
  return {
    name: 'mkfs.erofs',
    command,
    env,
    // Every kernel that mounts compressed EROFS supports lz4; zstd needs 6.10.
    args: (file) => ['--quiet', '--tar=f', '-zlz4', '-T0', '--mkfs-time', '-U', noUuid, file],
    beginning: formatHeader({
      path: '.',
      type: 'directory',
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: { seconds: 0, nanoseconds: 0 },
      size: 0,
      linkName: '',
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: new Map(),
    }),
    finish: async () => undefined,
  };
}
