import type { RenderedFiles } from '@drayage/core/pipeline';
import type { Orb, OrbParameter, OrbParameters, YamlMap } from '../orb/model.ts';
import { generatedNote, yamlText } from './yaml.ts';

/** The files that `circleci orb pack` packs, by their paths below `src/`. */
export function orbSources(orb: Orb, scripts: ReadonlyMap<string, string>): RenderedFiles {
  const files = new Map<string, string>([['@orb.yml', yamlText(rootOf(orb))]]);
  const sections: Readonly<Record<string, Readonly<Record<string, YamlMap>>>> = {
    commands: mapped(orb.commands, ({ description, parameters, steps }) => ({
      description,
      parameters: parametersYaml(parameters),
      steps,
    })),
    jobs: mapped(orb.jobs, ({ description, parameters, settings, steps }) => ({
      description,
      ...settings,
      parameters: parametersYaml(parameters),
      steps,
    })),
    executors: mapped(orb.executors, ({ description, parameters, settings }) => ({
      description,
      parameters: parametersYaml(parameters),
      ...settings,
    })),
    examples: mapped(orb.examples, ({ description, usage }) => ({ description, usage })),
  };
  for (const [section, components] of Object.entries(sections)) {
    for (const [name, component] of Object.entries(components))
      files.set(`${section}/${name}.yml`, yamlText(component));
  }
  for (const [name, text] of scripts) files.set(`scripts/${name}.sh`, `# ${generatedNote}\n${text}`);
  return files;
}

function rootOf({ description, homeUrl, sourceUrl }: Orb): YamlMap {
  return { version: 2.1, description, display: { home_url: homeUrl, source_url: sourceUrl } };
}

function mapped<Component>(
  components: Readonly<Record<string, Component>>,
  toYaml: (component: Component) => YamlMap,
): Readonly<Record<string, YamlMap>> {
  return Object.fromEntries(Object.entries(components).map(([name, component]) => [name, toYaml(component)]));
}

function parametersYaml(parameters: OrbParameters): YamlMap {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [name, parameterYaml(parameter)]),
  );
}

function parameterYaml({ type, description, enum: choices, default: value }: OrbParameter): YamlMap {
  return {
    type,
    description,
    ...(choices === undefined ? {} : { enum: choices }),
    ...(value === undefined ? {} : { default: value }),
  };
}
