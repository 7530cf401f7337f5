import { generatedNote } from './generated-note.ts';
import { literal, reference, yamlText } from './yaml-text.ts';
import type { YamlEntry } from './yaml-text.ts';

const component = '$CI_SERVER_FQDN/$CI_PROJECT_PATH/prepull@$CI_COMMIT_SHA';
const testImage = 'busybox:stable';

/**
 * The pipeline of the project that publishes the component. It includes the component of its own commit
 * twice, uses the images, checks the list of jobs, and makes a release for a version tag.
 */
export function componentPipelineText(checkScript: string): string {
  const entries: readonly YamlEntry[] = [
    { key: 'stages', value: ['test', 'use', 'release'] },
    {
      key: 'include',
      value: [
        { component, inputs: { images: [testImage] } },
        {
          component,
          inputs: {
            images: [testImage],
            job_name: 'second:prepull',
            job_prefix: '.second',
            artifacts: true,
            artifacts_expire_in: '1 hour',
          },
        },
      ],
    },
    { key: 'by-packages', value: useJob('.drayage', 'drayage:prepull') },
    { key: 'by-artifacts', value: useJob('.second', 'second:prepull') },
    { key: 'jobs', value: jobsJob(checkScript) },
    { key: 'release', value: releaseJob },
  ];
  return `# ${generatedNote}\n${yamlText(entries)}`;
}

function useJob(prefix: string, prepullJob: string): object {
  return {
    extends: `${prefix}:load:dind`,
    stage: 'use',
    image: 'docker:28-cli',
    needs: [{ job: prepullJob, optional: true }],
    variables: { DRAY_STRICT: 'true' },
    before_script: [reference(`${prefix}:load:dind`, 'before_script')],
    script: [`docker image inspect ${testImage}`],
  };
}

function jobsJob(checkScript: string): object {
  return {
    stage: 'use',
    image: 'node:22-alpine',
    needs: [],
    variables: {
      GIT_STRATEGY: 'none',
      EXPECTED_JOBS: 'drayage:prepull second:prepull by-packages by-artifacts',
    },
    script: [literal(checkScript)],
  };
}

const releaseJob = {
  stage: 'release',
  image: 'registry.gitlab.com/gitlab-org/cli:latest',
  rules: [{ if: '$CI_COMMIT_TAG =~ /^\\d+\\.\\d+\\.\\d+$/' }],
  script: ['echo "Releasing $CI_COMMIT_TAG"'],
  release: {
    tag_name: '$CI_COMMIT_TAG',
    description: 'Version $CI_COMMIT_TAG of the drayage templates. See README.md.',
  },
};
