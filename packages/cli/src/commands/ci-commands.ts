import type { OptionKey } from '../options/option.ts';
import type { CommandSpec } from '../command.ts';

const place: readonly OptionKey[] = ['workspace', 'key'];
const limits: readonly OptionKey[] = ['sudo', 'timeLimit'];

/** Whole steps of CI jobs, called by the templates. They never fail a job unless its user asked for that. */
export const ciCommands: readonly CommandSpec[] = [
  {
    name: 'ci begin',
    summary: 'record that a pre-pull job has begun',
    description:
      'Writes a failed status for this job into the workspace. If the job ends before its pre-pull, jobs that need the images find this status and do not wait.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci begin --workspace /tmp/workspace', summary: 'before the checkout' }],
    load: async () => (await import('./ci-begin.ts')).runCiBegin,
  },
  {
    name: 'ci prepull',
    summary: 'pre-pull as a step of a CI job; never fails the job',
    description:
      'Runs "dray prepull" into the workspace, stops it at the time limit, and keeps its report. If it fails or is killed, publishes a failed status. Always exits 0; "dray ci check" exits with the code of the pre-pull. The pre-pull reads its settings from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [...place, 'pipeline', 'timeLimit'],
    examples: [
      { line: 'dray ci prepull --workspace /tmp/workspace --time-limit 15m', summary: 'into the workspace' },
    ],
    load: async () => (await import('./ci-prepull.ts')).runCiPrepull,
  },
  {
    name: 'ci check',
    summary: 'exit with the code of the pre-pull step of this job',
    description: 'For pipelines in which a failed pre-pull must fail its job.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci check --workspace /tmp/workspace', summary: 'after the handover' }],
    load: async () => (await import('./ci-check.ts')).runCiCheck,
  },
  {
    name: 'ci load',
    summary: 'load as a step of a CI job; fails the job only with --strict or --on-miss fail',
    description:
      'Runs "dray load" for each bundle in the workspace, as root if --sudo is given and works, and keeps the reports. Without a workspace, runs it once with the configuration. Settings come from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [
      ...place,
      ...limits,
      'pipeline',
      ...(['attached', 'laterSteps', 'privateEngine'] as const),
      ...(['handover', 'delivery', 'exportFile', 'onMiss', 'strict'] as const),
    ],
    examples: [
      {
        line: 'dray ci load --workspace /tmp/workspace --attached',
        summary: 'all bundles in the workspace',
      },
    ],
    load: async () => (await import('./ci-load.ts')).runCiLoad,
  },
  {
    name: 'ci engine',
    summary: 'start a private engine as a step of a CI job; fails the job only with --strict',
    description:
      'Runs "dray engine start" with a bundle from the workspace, and sets DOCKER_HOST for later steps of the job. Settings come from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [...place, ...limits, 'strict'],
    examples: [{ line: 'dray ci engine --workspace /tmp/workspace --sudo', summary: 'as root' }],
    load: async () => (await import('./ci-engine.ts')).runCiEngine,
  },
  {
    name: 'ci report',
    summary: 'collect the status and contents of each bundle, to store as artifacts',
    description: 'Writes them into the folder drayage/.report of the workspace, and prints the contents.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci report --workspace /tmp/workspace', summary: 'at the end of a job' }],
    load: async () => (await import('./ci-report.ts')).runCiReport,
  },
];
