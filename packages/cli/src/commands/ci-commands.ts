import type { OptionKey } from '../options/option.ts';
import type { CommandSpec } from '../command.ts';

const place: readonly OptionKey[] = ['workspace', 'key'];
const limits: readonly OptionKey[] = ['sudo', 'timeLimit'];

/** Whole steps of CI jobs, which the templates call: they never fail a job unless its user asked for that. */
export const ciCommands: readonly CommandSpec[] = [
  {
    name: 'ci begin',
    summary: 'record that a pre-pull job has begun',
    description:
      'Writes a failed status for this job into the workspace. If the job ends before its pre-pull, jobs that need the images learn that from it.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci begin --workspace /tmp/workspace', summary: 'before the checkout' }],
    load: async () => (await import('./ci-begin.ts')).runCiBegin,
  },
  {
    name: 'ci prepull',
    summary: 'pre-pull as a step of a CI job, which goes on whatever happens',
    description:
      'Runs "dray prepull" into the workspace, stops it at the time limit, and keeps its report. When it fails or is killed, its status says so. The exit code is 0 in any case; "dray ci check" has that of the pre-pull. Settings of the pre-pull come from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [...place, 'timeLimit'],
    examples: [
      { line: 'dray ci prepull --workspace /tmp/workspace --time-limit 15m', summary: 'into the workspace' },
    ],
    load: async () => (await import('./ci-prepull.ts')).runCiPrepull,
  },
  {
    name: 'ci check',
    summary: 'exit with the code of the pre-pull step of this job',
    description: 'For pipelines in which a failed pre-pull fails its job.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci check --workspace /tmp/workspace', summary: 'after the handover' }],
    load: async () => (await import('./ci-check.ts')).runCiCheck,
  },
  {
    name: 'ci load',
    summary: 'load as a step of a CI job, which goes on unless --strict or --on-miss fail is given',
    description:
      'Runs "dray load" for each bundle in the workspace, as root where --sudo allows it, and keeps the reports. Without a workspace it runs once, as the configuration says. Settings come from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [
      ...place,
      ...limits,
      ...(['attached', 'laterSteps', 'privateEngine'] as const),
      ...(['handover', 'delivery', 'exportFile', 'onMiss', 'strict'] as const),
    ],
    examples: [
      {
        line: 'dray ci load --workspace /tmp/workspace --attached',
        summary: 'all bundles that came with it',
      },
    ],
    load: async () => (await import('./ci-load.ts')).runCiLoad,
  },
  {
    name: 'ci engine',
    summary:
      'start a private engine as a step of a CI job, which goes on without it unless --strict is given',
    description:
      'Runs "dray engine start" with a bundle of the workspace, and sets DOCKER_HOST for the later steps of the job. Settings come from DRAY_… variables and the configuration file.',
    isStep: true,
    options: [...place, ...limits, 'strict'],
    examples: [{ line: 'dray ci engine --workspace /tmp/workspace --sudo', summary: 'as root' }],
    load: async () => (await import('./ci-engine.ts')).runCiEngine,
  },
  {
    name: 'ci report',
    summary: 'collect the status and the content of each bundle, to be stored as artifacts',
    description: 'Writes them into the folder drayage/.report of the workspace, and prints the content.',
    isStep: true,
    options: place,
    examples: [{ line: 'dray ci report --workspace /tmp/workspace', summary: 'at the end of a job' }],
    load: async () => (await import('./ci-report.ts')).runCiReport,
  },
];
