import type { PipelineDefinitions, PipelineOption } from '@drayage/core/pipeline';

const options: readonly Omit<PipelineOption, 'env' | 'summary'>[] = [
  { key: 'images', kind: 'list' },
  { key: 'optional', kind: 'list' },
  { key: 'from', kind: 'list' },
  { key: 'prepare', kind: 'list' },
  { key: 'configFile', kind: 'string' },
  { key: 'frozen', kind: 'boolean' },
  { key: 'platform', kind: 'string' },
  { key: 'form', kind: 'enum', choices: ['layers', 'packs'], defaultText: 'layers' },
  { key: 'sign', kind: 'boolean' },
  { key: 'mirrors', kind: 'list' },
  { key: 'insecureRegistries', kind: 'list' },
  { key: 'delivery', kind: 'enum', choices: ['auto', 'mount'], defaultText: 'auto' },
  { key: 'onMiss', kind: 'enum', choices: ['continue', 'pull'] },
  { key: 'only', kind: 'list' },
  { key: 'timeoutMs', kind: 'duration', defaultText: '10m' },
  { key: 'graceMs', kind: 'duration', defaultText: '60s' },
  { key: 'strict', kind: 'boolean' },
  { key: 'verify', kind: 'enum', choices: ['digests', 'deep'], defaultText: 'digests' },
  { key: 'requireSignature', kind: 'boolean' },
  { key: 'bundle', kind: 'string' },
  { key: 'handover', kind: 'string' },
  { key: 'settled', kind: 'boolean' },
  { key: 'dataRoot', kind: 'string' },
  { key: 'prepullJob', kind: 'string' },
];

/** Some definitions to render from: each option has the variable `DRAY_` and its key in capitals. */
export const sampleDefinitions: PipelineDefinitions = {
  version: '1.2.3',
  files: [{ name: 'drayage-1.2.3.tgz', sha256: 'a'.repeat(64) }],
  options: new Map(
    options.map((option) => [
      option.key,
      {
        ...option,
        env: `DRAY_${option.key.toUpperCase()}`,
        summary: `what ${option.key} means, this | or that`,
      },
    ]),
  ),
  commands: new Map(),
  installScript:
    '#!/bin/sh\n# Installs.\nset -f\necho installed "$DRAY_INSTALL_VERSION"\nexit "${RESULT:-0}"\n',
};
