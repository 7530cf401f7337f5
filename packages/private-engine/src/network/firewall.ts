import {
  findProgram,
  lastWords,
  runProgram,
  systemEnvironment,
  type Environment,
  type ProgramResult,
} from '@drayage/host';

const families = ['iptables', 'ip6tables'];
const tables = ['raw', 'filter', 'nat'];

/** A rule or chain to remove: the arguments of `iptables -t TABLE`. */
type Removal = readonly string[];

/** The rules in the output of `iptables -S` that name an interface. Pure. */
export function rulesNaming(name: string, listing: string): readonly Removal[] {
  return rulesIn(listing)
    .filter((words) => words.includes(name))
    .map((words) => ['-D', ...words]);
}

/** Everything that engines have in a table: the rules that jump to their chains, then these chains. Pure. */
export function engineChains(listing: string): readonly Removal[] {
  const chains = listing
    .split('\n')
    .map((line) => /^-N (DOCKER(?:-[A-Z0-9-]+)?)$/.exec(line)?.[1])
    .filter((chain) => chain !== undefined);
  const leading = rulesIn(listing).filter(
    (words) => !chains.includes(words[0] ?? '') && chains.includes(words[words.indexOf('-j') + 1] ?? ''),
  );
  return [
    ...leading.map((words) => ['-D', ...words]),
    // Chains refer to each other, so all are flushed before any is deleted.
    ...chains.map((chain) => ['-F', chain]),
    ...chains.map((chain) => ['-X', chain]),
  ];
}

/** Why iptables cannot be used; undefined if it can. */
export async function whyNoIptables(env: Environment): Promise<string | undefined> {
  if ((await findProgram('iptables', env)) === undefined) return 'program iptables not found';
  const listed = await runTable('iptables', 'nat', ['-S'], env);
  return listed.exitCode === 0 ? undefined : `iptables does not work here (${lastWords(listed)})`;
}

/** Whether an engine, running or not, has chains in this network namespace. */
export async function hasEngineChains(env: Environment): Promise<boolean> {
  const { stdout } = await runTable('iptables', 'filter', ['-S'], env);
  return engineChains(stdout).length > 0;
}

export async function removeRulesNaming(name: string, env: Environment): Promise<void> {
  await removeFromAll((listing) => rulesNaming(name, listing), env);
}

/** Removes the chains of engines and the rules that jump to them. */
export async function removeEngineChains(env: Environment): Promise<void> {
  await removeFromAll(engineChains, env);
}

async function removeFromAll(
  choose: (listing: string) => readonly Removal[],
  env: Environment,
): Promise<void> {
  for (const family of families) {
    if ((await findProgram(family, env)) === undefined) continue;
    for (const table of tables) {
      const { exitCode, stdout } = await runTable(family, table, ['-S'], env);
      if (exitCode !== 0) continue;
      for (const removal of choose(stdout)) await runTable(family, table, removal, env);
    }
  }
}

function runTable(
  family: string,
  table: string,
  args: readonly string[],
  env: Environment,
): Promise<ProgramResult> {
  return runProgram([family, '-w', '-t', table, ...args], { env: systemEnvironment(env) });
}

/** The words of each rule, without `-A`. */
function rulesIn(listing: string): readonly (readonly string[])[] {
  return listing
    .split('\n')
    .filter((line) => line.startsWith('-A '))
    .map((line) => line.split(' ').slice(1));
}
