/** When a step runs: after only successful steps, after a failed one, or both. */
export type StepWhen = 'on_success' | 'on_fail' | 'always';

/**
 * A fully resolved step. Paths are as written: relative to the working directory,
 * perhaps with `~`.
 */
export type Step =
  | RunStep
  | { readonly kind: 'checkout'; readonly path: string | undefined }
  | { readonly kind: 'setup_remote_docker'; readonly version: string | undefined }
  | { readonly kind: 'restore_cache'; readonly name: string; readonly keys: readonly string[] }
  | {
      readonly kind: 'save_cache';
      readonly name: string;
      readonly key: string;
      readonly paths: readonly string[];
      readonly when: StepWhen;
    }
  | { readonly kind: 'persist_to_workspace'; readonly root: string; readonly paths: readonly string[] }
  | { readonly kind: 'attach_workspace'; readonly at: string }
  | { readonly kind: 'store_artifacts'; readonly path: string; readonly destination: string | undefined }
  | { readonly kind: 'store_test_results'; readonly path: string };

/** A shell script. */
export interface RunStep {
  readonly kind: 'run';
  readonly name: string;
  readonly command: string;
  /** Values as the shell gets them: booleans are 1 and 0. */
  readonly environment: Readonly<Record<string, string>>;
  readonly background: boolean;
  readonly when: StepWhen;
  readonly shell: string | undefined;
  readonly workingDirectory: string | undefined;
  readonly noOutputTimeoutMs: number;
}
