export type { PackWriterOptions } from './writer/pack-writer.ts';
export { createPackWriter } from './writer/pack-writer.ts';
export type { ToolEnvironment } from './writer/pack-tool.ts';
export type { LayerLimits } from './layer/limits.ts';
export type { PackReaderOptions } from './reader/pack-reader.ts';
export { createPackReader } from './reader/pack-reader.ts';
