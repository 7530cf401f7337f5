import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeFolder, removeFolder } from '../folders.ts';
import { runOrThrow } from '../processes.ts';

const templates = fileURLToPath(new URL('../../../gitlab-templates/', import.meta.url));

/** A user's repository with a pipeline. */
export interface Project {
  /** Where it is checked out. */
  readonly repository: string;
  /** The home folder of its jobs, which they share as on a runner with the shell executor. */
  readonly home: string;
  remove(): Promise<void>;
}

/** Texts by their paths in a repository. */
export type ProjectFiles = Readonly<Record<string, string>>;

/**
 * Makes a repository of the given files and the templates, at the places where `include: local` and
 * `include: component` look for them.
 */
export async function makeProject(files: ProjectFiles): Promise<Project> {
  const folder = makeFolder();
  const repository = join(folder, 'repository');
  const home = join(folder, 'home');
  for (const path of [repository, home]) mkdirSync(path);
  for (const path of ['prepull.yml', 'templates']) {
    const from = join(templates, path);
    if (existsSync(from)) cpSync(from, join(repository, path), { recursive: true });
  }
  for (const [path, text] of Object.entries(files)) write(join(repository, path), text);
  await commit(repository);
  return { repository, home, remove: () => removeFolder(folder) };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/**
 * A pipeline needs a commit, and the remote gives the project's path on GitLab; no request goes there.
 */
async function commit(repository: string): Promise<void> {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@gitlab.test'];
  const git = (...args: string[]): Promise<unknown> => runOrThrow('git', args, { cwd: repository });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('remote', 'add', 'origin', 'git@gitlab.test:team/app.git');
  await git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
  await git('add', '--all');
  await git(...author, 'commit', '--quiet', '--message', 'the pipeline');
}
