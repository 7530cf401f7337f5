export { createPackWriter, type PackWriterOptions } from './writer/pack-writer.ts';
export type { LayerLimits } from './layer/limits.ts';
export { createPackReader, type PackReaderOptions } from './reader/pack-reader.ts';
export { createPackRootLister, type PackRootListerOptions } from './reader/list-root.ts';
