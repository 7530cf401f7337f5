import { readAsset } from '@drayage/core';
import type { PipelineDefinitions } from '@drayage/core/pipeline';

/** The parts of each script. `install.sh` is the installer of the command line. */
const partsByScript: Readonly<Record<string, readonly string[]>> = {
  cache_key: ['places', 'cache_key'],
  install: ['places', 'install.sh', 'install'],
  begin: ['places', 'problem', 'begin'],
  prepull: ['places', 'problem', 'prepull'],
  check: ['places', 'check'],
  load: ['places', 'load', 'end'],
  start_engine: ['places', 'start_engine', 'end'],
  report: ['places', 'report'],
};

const directive = '# shellcheck shell=sh\n';

/** The text of each script by name, without the line that says it is generated. */
export async function orbScripts({
  installScript,
}: PipelineDefinitions): Promise<ReadonlyMap<string, string>> {
  const scripts = new Map<string, string>();
  for (const [name, parts] of Object.entries(partsByScript)) {
    const texts = await Promise.all(parts.map((part) => partText(part, installScript)));
    scripts.set(name, `${directive}${texts.join('\n')}`);
  }
  return scripts;
}

async function partText(part: string, installScript: string): Promise<string> {
  if (part === 'install.sh') return `dray_install() (\n${withoutShebang(installScript).trim()}\n)\n`;
  return (await readAsset(import.meta.dirname, `circleci-${part}.sh`)).replace(directive, '');
}

function withoutShebang(script: string): string {
  return script.replace(/^#!.*\n/, '');
}
