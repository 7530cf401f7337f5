// The rules by which containerd chooses a platform, written down from its source and independent of
// drayage's.
// @see github.com/containerd/platforms v1.0.0: database.go (normalizeArch), compare.go (platformVector)

export interface ModelPlatform {
  readonly os: string;
  readonly architecture: string;
  /** Empty without one. */
  readonly variant: string;
}

/** `OS/ARCH/VARIANT` in canonical spelling. */
export function modelNormalize({ os, architecture, variant }: ModelPlatform): ModelPlatform {
  const system = os.toLowerCase() === 'macos' ? 'darwin' : os.toLowerCase();
  const [normalArchitecture, normalVariant] = normalArch(architecture.toLowerCase(), variant.toLowerCase());
  return { os: system, architecture: normalArchitecture, variant: normalVariant };
}

function normalArch(architecture: string, variant: string): readonly [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'aarch64':
    case 'arm64':
      return ['arm64', variant === '8' || variant === 'v8' ? '' : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      if (variant === '' || variant === '7') return ['arm', 'v7'];
      return ['arm', ['5', '6', '8'].includes(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}

/** All platforms that a machine of this one runs, best first. */
function modelVector(platform: ModelPlatform): readonly ModelPlatform[] {
  const { os, architecture, variant } = platform;
  const vector = [platform];
  const add = (of: string, level: string): number => vector.push({ os, architecture: of, variant: level });
  if (architecture === 'amd64') {
    for (let level = numberOf(variant) - 1; level >= 1; level -= 1) add('amd64', `v${level}`);
    add('386', '');
  }
  if (architecture === 'arm')
    for (let level = numberOf(variant) - 1; level >= 5; level -= 1) add('arm', `v${level}`);
  if (architecture === 'arm64') {
    const level = variant === '' ? 'v8' : variant;
    const [majorText = '', minorText = '0'] = level.split('.');
    let [major, minor] = [numberOf(majorText), numberOf(minorText)];
    if (major === 9) {
      for (let lower = minor - 1; lower >= 0; lower -= 1) add('arm64', lower === 0 ? 'v9' : `v9.${lower}`);
      [major, minor] = [8, minor + 5];
      add('arm64', `v8.${minor}`);
    }
    for (let lower = minor - 1; lower >= 0; lower -= 1) add('arm64', lower === 0 ? 'v8' : `v8.${lower}`);
    const ofArm = /^v[89]\./.test(level) ? 'v8' : level;
    vector.push(...modelVector({ os, architecture: 'arm', variant: ofArm }));
  }
  return vector;
}

function numberOf(text: string): number {
  return Number(text.replace(/^v/, ''));
}

/** The position of the platform that containerd takes for `wanted`; −1 if there is none. */
export function modelSelect(wanted: ModelPlatform, offered: readonly ModelPlatform[]): number {
  const labels = offered.map((platform) => labelOf(modelNormalize(platform)));
  for (const candidate of modelVector(modelNormalize(wanted))) {
    const position = labels.indexOf(labelOf(modelNormalize(candidate)));
    if (position >= 0) return position;
  }
  return -1;
}

function labelOf({ os, architecture, variant }: ModelPlatform): string {
  return `${os}/${architecture}/${variant}`;
}
