/** What a file is, and so how it is read. */
export const discoveryKinds = ['compose', 'dockerfile', 'gitlab', 'circleci', 'kubernetes'] as const;

export type DiscoveryKind = (typeof discoveryKinds)[number];

/** One place that names an image. The same image named in two places is found twice. */
export interface DiscoveredImage {
  /** The reference after variable expansion, as one would give it to `docker pull`; always a valid one. */
  readonly text: string;
  /** The file that holds the text, written like the path that was asked for (relative or absolute). */
  readonly file: string;
  /** Where the text stands, from 1. For anchors, `extends` and the like that is where it was written, not where it is used. */
  readonly line: number;
  /** Who uses it: `service db`, `stage 2 of Dockerfile`, `job deploy, services`. */
  readonly what: string;
  /** `OS/ARCH[/VARIANT]` where the file asks for one. */
  readonly platform?: string | undefined;
}

/** Something that could not be understood or followed, so that images may be missing or wrong. */
export interface DiscoveryProblem {
  readonly file: string;
  /** From 1; absent when the problem is the whole file. */
  readonly line?: number | undefined;
  /** Who has it, in the words of {@link DiscoveredImage.what}. */
  readonly what: string;
  /** Lower case, no final stop. */
  readonly reason: string;
  /** One imperative sentence. */
  readonly hint?: string | undefined;
  /** `error`: an image is named here that could not be told. `warning`: what was found may be incomplete. */
  readonly severity: 'error' | 'warning';
}

/** What one file, and the files that it includes, name. Both lists are in the order of reading. */
export interface Discovery {
  readonly images: readonly DiscoveredImage[];
  readonly problems: readonly DiscoveryProblem[];
}

export interface DiscoverOptions {
  /** Variables; where the file's tool reads a `.env` file, these win over it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How to read the file; when absent, its name and content decide. */
  readonly kind?: DiscoveryKind | undefined;
  /** Active compose profiles, `*` for all; when absent or empty, `COMPOSE_PROFILES` says. */
  readonly profiles?: readonly string[] | undefined;
  /** Stage of a Dockerfile that is wanted; the stages that it does not need are left out. */
  readonly target?: string | undefined;
  /** Values for the `ARG`s of a Dockerfile; in compose files those of `build.args` win. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}
