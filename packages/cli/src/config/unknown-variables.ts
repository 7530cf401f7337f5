import { optionKeys, optionTable } from '../options/option-table.ts';
import { nearest } from '../suggest.ts';

/** Variables of install.sh, still set in a job that has run it. */
const ofInstallScript = 'DRAY_INSTALL_';

/**
 * One warning per unknown variable that begins with `DRAY_`. Not an error, because CI variables are set for
 * all jobs, including those with another version of dray.
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
      return `unknown variable ${name}${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}
