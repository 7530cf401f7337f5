import { optionKeys, optionTable } from '../options/option-table.ts';
import { nearest } from '../suggest.ts';

/** A job that has installed the command line by the script still has the script's variables. */
const ofInstallScript = 'DRAY_INSTALL_';

/**
 * One warning for each variable that begins with `DRAY_` and means nothing. They are no errors: the variables of a CI system are set for all
 * its jobs, also for those with another version.
 */
export function unknownVariableWarnings(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = optionKeys.map((key) => optionTable[key].env);
  return Object.keys(env)
    .filter((name) => name.startsWith('DRAY_') && !name.startsWith(ofInstallScript) && !known.includes(name))
    .sort()
    .map((name) => {
      const near = nearest(name, known);
      return `${name} means nothing${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}
