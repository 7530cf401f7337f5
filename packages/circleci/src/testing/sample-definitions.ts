import type { PipelineDefinitions, PipelineOption, PipelineOptionKind } from '@drayage/core/pipeline';

const kinds: Readonly<Record<PipelineOptionKind, readonly string[]>> = {
  string: [
    ...['configFile', 'handover', 'platform', 'lockFile', 'caFile', 'certsDir', 'dataRoot', 'dockerd'],
    ...['storageSizeBytes', 'bridge'],
  ],
  list: [
    ...['images', 'optional', 'from', 'runOnly', 'runExcept', 'prepare', 'only', 'mirrors'],
    ...['insecureRegistries', 'registryMirrors'],
  ],
  duration: ['timeoutMs', 'graceMs'],
  number: ['concurrency'],
  boolean: ['frozen', 'settled', 'strict', 'verbose', 'sign', 'requireSignature'],
  enum: [
    'source',
    'form',
    'packFormat',
    'verify',
    'delivery',
    'onMiss',
    'reach',
    'mountContent',
    'imageStore',
    'storage',
  ],
};

/** All commands that the examples use. */
const choices = ['one', 'packs', 'engine', 'load', 'mount', 'pull'];

/** Definitions with every option that is a parameter of the orb. Their summaries are made up. */
export function sampleDefinitions(changes: Partial<PipelineDefinitions> = {}): PipelineDefinitions {
  const options = Object.entries(kinds).flatMap(([kind, keys]) =>
    keys.map((key) => [key, sampleOption(key, kind)] as const),
  );
  return {
    version: '1.2.3',
    files: [{ name: 'drayage-1.2.3.tgz', sha256: 'a'.repeat(64) }],
    options: new Map(options),
    commands: new Map(),
    installScript: '#!/bin/sh\necho "installed to $DRAY_INSTALL_DIR"\n',
    ...changes,
  };
}

function sampleOption(key: string, kind: string): PipelineOption {
  const common = {
    key,
    env: `DRAY_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
    summary: `what ${key} is`,
  };
  switch (kind) {
    case 'enum':
      return { ...common, kind, choices, defaultText: 'one' };
    case 'boolean':
    case 'number':
    case 'duration':
    case 'list':
      return { ...common, kind };
    default:
      return { ...common, kind: 'string' };
  }
}
