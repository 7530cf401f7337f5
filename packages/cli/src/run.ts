import { detectCiSystem } from '@drayage/ci';
import { DrayError, describeDiskFull, systemErrorCode } from '@drayage/core';
import { helpText } from './command-line/help.ts';
import { parseCommandLine } from './command-line/parse-command-line.ts';
import { commands } from './commands/commands.ts';
import { loadConfig } from './config/load-config.ts';
import { withCiDefaults } from './config/ci-defaults.ts';
import { stepConfig } from './config/step-config.ts';
import type { ResolvedConfig } from './config/resolve-config.ts';
import { unknownVariableWarnings } from './config/unknown-variables.ts';
import { errorExitCode, exitCodes } from './exit-codes.ts';
import type { GivenHost, Host } from './host.ts';
import { optionKeys, optionTable } from './options/option-table.ts';
import { keyVariables } from './options/trust-options.ts';
import { maskPasswords, tell } from './output/ci-log.ts';
import { bugText, failureJson, failureText } from './output/failure.ts';
import { safeStreams } from './output/safe-text.ts';

/** Parses and runs one command line, and prints errors. Resolves with the exit code; never rejects. */
export async function run(givenHost: GivenHost, signal: AbortSignal): Promise<number> {
  const { env } = givenHost;
  const host: Host = {
    ...{ ...givenHost, ...safeStreams(givenHost), ciCommands: givenHost.stderr },
    env: detectCiSystem(env).givenVariables(env),
  };
  let wishes = wishesBeforeConfig(host);
  try {
    const line = parseCommandLine(host.argv);
    if (line.kind === 'version') return print(host, `${host.version}\n`);
    if (line.kind === 'help') return print(host, helpText(line.topic));
    for (const warning of unknownVariableWarnings(host.env)) host.stderr.write(`dray: warning: ${warning}\n`);
    const { command } = line;
    const resolved = await (command.isStep === true
      ? stepConfig(command, line.given, host)
      : loadConfig(line.given, host));
    const { config, warnings } = withCiDefaults(resolved.config, host.env);
    for (const warning of warnings) host.stderr.write(`dray: warning: ${warning}\n`);
    wishes = config;
    if (config.verbose) host.stderr.write(settingsText(resolved));
    maskPasswords(config, host);
    const handler = await command.load();
    const { dir, origins } = resolved;
    const { args } = line;
    return await handler({ config, args, host: withoutKeys(host), commands, origins, dir, signal });
  } catch (error) {
    return fail(describeDiskFull(stopReason(error, signal)), host, wishes);
  }
}

/** The environment without the keys, which the configuration now has; child processes get the rest. */
function withoutKeys(host: Host): Host {
  const env = Object.entries(host.env).filter(([name]) => !keyVariables.includes(name));
  return { ...host, env: Object.fromEntries(env) };
}

type Wishes = Pick<ResolvedConfig['config'], 'json' | 'verbose'>;

// For errors in the configuration itself: a caller that asked for JSON gets JSON.
function wishesBeforeConfig({ argv, env }: Host): Wishes {
  return {
    json: argv.includes('--json') || env[optionTable.json.env] === 'true',
    verbose: argv.includes('--verbose'),
  };
}

/** When the signal aborts, Node.js functions reject with their own error. */
function stopReason(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && systemErrorCode(error) === 'ABORT_ERR' ? signal.reason : error;
}

function fail(error: unknown, host: Host, { json, verbose }: Wishes): number {
  if (error instanceof DrayError) tell('error', failureText(error, verbose).trimEnd(), host);
  else host.stderr.write(bugText(error, host));
  if (json) host.stdout.write(failureJson(error));
  return errorExitCode(error);
}

function print({ stdout }: Host, text: string): number {
  stdout.write(text);
  return exitCodes.done;
}

/**
 * The origin of each setting that is not a default. Does not log values, because a URL can contain a
 * password.
 */
function settingsText({ origins }: ResolvedConfig): string {
  const lines = optionKeys.flatMap((key) => {
    const origin = origins.get(key);
    return origin === undefined
      ? []
      : [`dray: ${optionTable[key].configKey ?? optionTable[key].flag ?? key} is set by ${origin}\n`];
  });
  return lines.join('');
}
