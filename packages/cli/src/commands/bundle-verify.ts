import { isDrayError } from '@drayage/core';
import {
  createDirectoryTransport,
  emptyIndex,
  findWrongPacks,
  readBundleIndex,
  verifyBundle,
} from '@drayage/core/bundle';
import type { BundleProblem, BundleVerification } from '@drayage/core/bundle';
import { readSignedIndex } from '@drayage/core/signature';
import { exitCodes } from '../exit-codes.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { deepConcurrency, openPackAccess, openPackRootLister } from '../wiring/packing.ts';
import { signatureDemand, verificationKey } from '../wiring/trust.ts';
import type { CommandContext } from '../command.ts';

/** What `bundle verify --json` prints. */
export interface BundleVerifyReport extends BundleVerification {
  /** Number of packed layers compared with their diffIds; absent without `--deep`. */
  readonly deepLayers?: number | undefined;
  /** True if the signature was checked; absent without a key. */
  readonly signature?: 'valid' | 'refused' | undefined;
}

/** `dray bundle verify`. */
export async function runBundleVerify(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const progress = await startProgress(host);
  let report: BundleVerifyReport;
  try {
    report = await verify(context, progress);
  } finally {
    progress.stop();
  }
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : verificationText(report));
  return report.ok ? exitCodes.done : exitCodes.notAvailable;
}

async function verify(context: CommandContext, progress: Progress): Promise<BundleVerifyReport> {
  const { config, host, signal } = context;
  const signature = await checkSignature(context);
  const plain = await verifyPlainly(config.bundle, signature, {
    signal,
    packRoots: openPackRootLister(host),
    onProgress: ({ blobs, blobsTotal, bytes }) => {
      progress.status(`verifying: ${blobs} of ${counted(blobsTotal, 'blob')}, ${humanSize(bytes)}`);
    },
  });
  const deep = config.deep && plain.images > 0 ? await checkDeeply(context, progress) : { problems: [] };
  const problems = [...signature.problems, ...plain.problems, ...deep.problems];
  return { ...plain, ...signature, ...deep, ok: problems.length === 0, problems };
}

/** An index that was changed is reported together with its signature. */
async function verifyPlainly(
  dir: string,
  signature: PartialReport,
  options: Parameters<typeof verifyBundle>[1],
): Promise<BundleVerification> {
  try {
    return await verifyBundle(dir, options);
  } catch (error) {
    if (signature.problems.length === 0 || !isDrayError(error, 'BUNDLE_INVALID')) throw error;
    const problems = [{ code: error.code, message: error.message }];
    return { ok: false, images: 0, blobs: 0, bytes: 0, problems, uncheckedPacks: [] };
  }
}

type PartialReport = Pick<BundleVerifyReport, 'problems' | 'signature' | 'deepLayers'>;

/**
 * If there is a key, checks the signature and that `index.json` is the signed index, because other tools
 * read that file.
 */
async function checkSignature({ config, signal }: CommandContext): Promise<PartialReport> {
  const isWanted = config.requireSignature || verificationKey(config) !== undefined;
  const demand = signatureDemand({ ...config, requireSignature: isWanted, settled: true });
  if (demand === undefined) return { problems: [] };
  const { documents } = createDirectoryTransport(config.bundle);
  try {
    const signed = await readSignedIndex(documents, demand, signal);
    const plain = await documents.read('index.json', signal);
    if (Buffer.compare(plain ?? Buffer.alloc(0), signed?.index ?? Buffer.alloc(0)) === 0) {
      return { signature: 'valid', problems: [] };
    }
    const message = 'cannot use index.json: it is not the signed index';
    return { signature: 'refused', problems: [{ code: 'SIGNATURE_INVALID', message }] };
  } catch (error) {
    if (!isDrayError(error, 'SIGNATURE_MISSING', 'SIGNATURE_INVALID')) throw error;
    return { signature: 'refused', problems: [{ code: error.code, message: error.message }] };
  }
}

async function checkDeeply(
  { config, host, signal }: CommandContext,
  progress: Progress,
): Promise<PartialReport> {
  const bundle = createDirectoryTransport(config.bundle);
  const index = (await readBundleIndex(bundle.documents, signal)) ?? emptyIndex;
  let [layers, bytes] = [0, 0];
  const wrong = await findWrongPacks(openPackAccess(config, host), bundle, index, {
    concurrency: deepConcurrency(),
    signal,
    onLayer: ({ tarSize }) => {
      layers += 1;
      bytes += tarSize;
      progress.status(`checking layers of packs: ${layers}, ${humanSize(bytes)}`);
    },
  });
  const problems = wrong.map(({ pack, error: { code, message } }): BundleProblem => {
    return { code, message, digest: pack.manifest.digest };
  });
  return { deepLayers: layers, problems };
}

/** One line per problem and per unreadable pack, then one that says what was checked. */
export function verificationText(report: BundleVerifyReport): string {
  const { images, blobs, bytes, problems, uncheckedPacks, deepLayers, signature } = report;
  const lines = problems.map(({ code, message, reference }) => {
    return `${code}  ${reference === undefined ? '' : `${reference}  `}${message}`;
  });
  const unchecked = uncheckedPacks.map(
    ({ pack, reason }) => `not checked  the root of pack ${pack}: ${reason}`,
  );
  const verdict = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
  const checked = [
    counted(images, 'image'),
    counted(blobs, 'blob'),
    humanSize(bytes),
    ...(deepLayers === undefined ? [] : [`${counted(deepLayers, 'packed layer')} rebuilt`]),
    ...(signature === undefined ? [] : [`signature ${signature}`]),
  ];
  return `${[...lines, ...unchecked, `${verdict}: ${checked.join(', ')} checked`].join('\n')}\n`;
}
