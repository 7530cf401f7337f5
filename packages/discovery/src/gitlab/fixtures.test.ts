import { checkFixtures } from '../testing/check-fixtures.ts';

checkFixtures('gitlab', [
  {
    file: 'simple/.gitlab-ci.yml',
    images: [
      'ruby:3.3 | simple/.gitlab-ci.yml:1 | default, image',
      'postgres:16 | simple/.gitlab-ci.yml:6 | default, services',
      'redis:7.4-alpine | simple/.gitlab-ci.yml:7 | default, services',
      'rubocop/rubocop:1.66 | simple/.gitlab-ci.yml:19 | job lint, image',
      'docker:27.3.1-cli | simple/.gitlab-ci.yml:27 | job build-image, image',
      'docker:27.3.1-dind | simple/.gitlab-ci.yml:31 | job build-image, services',
      'golang:1.23 | simple/.gitlab-ci.yml:42 | job arm, image | linux/arm64',
    ],
  },
  {
    file: 'variables/.gitlab-ci.yml',
    env: {
      CI_REGISTRY_IMAGE: 'registry.gitlab.com/acme/app',
      CI_COMMIT_SHORT_SHA: 'abc123',
      CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX: 'gitlab.com/acme/dependency_proxy/containers',
      CI_JOB_ID: '99',
    },
    images: [
      'registry.gitlab.com/acme/app/ci/build:22 | variables/.gitlab-ci.yml:16 | default, image',
      'registry.gitlab.com/acme/app/ci/build:20 | variables/.gitlab-ci.yml:16 | default, image',
      'tool:1.2-alpine | variables/.gitlab-ci.yml:27 | job described, image',
      'gitlab.com/acme/dependency_proxy/containers/alpine:3.20 | variables/.gitlab-ci.yml:31 | job proxied, image',
      'registry.gitlab.com/acme/app/named:abc123 | variables/.gitlab-ci.yml:35 | job named, image',
    ],
    problems: [
      'error | variables/.gitlab-ci.yml:39 | job unset, image',
      'error | variables/.gitlab-ci.yml:43 | job other-job, image',
      'error | variables/.gitlab-ci.yml:47 | job raw, image',
      'error | variables/.gitlab-ci.yml:51 | job looping, image',
      'error | variables/.gitlab-ci.yml:58 | job nothing-inherited, services',
    ],
  },
  {
    file: 'extends/.gitlab-ci.yml',
    images: [
      'python:3.12 | extends/.gitlab-ci.yml:2 | job unit, image',
      'python:3.12 | extends/.gitlab-ci.yml:2 | job integration, image',
      'postgres:15 | extends/.gitlab-ci.yml:7 | job integration, services',
      'python:3.13-slim | extends/.gitlab-ci.yml:30 | job slow, image | linux/amd64',
      'postgres:15 | extends/.gitlab-ci.yml:7 | job slow, services',
      'busybox:1 | extends/.gitlab-ci.yml:40 | job orphan, image',
    ],
    problems: ['error | extends/.gitlab-ci.yml:39 | job orphan'],
  },
  {
    file: 'references/.gitlab-ci.yml',
    images: [
      'node:22 | references/.gitlab-ci.yml:2 | default, image',
      'selenium/standalone-chrome:130.0 | references/.gitlab-ci.yml:4 | job e2e, services',
      'selenium/standalone-firefox:132.0 | references/.gitlab-ci.yml:6 | job e2e, services',
      'mysql:8.4 | references/.gitlab-ci.yml:7 | job e2e, services',
      'mysql:8.4 | references/.gitlab-ci.yml:7 | job nested, image',
      'mysql:8.4 | references/.gitlab-ci.yml:7 | job nested, services',
    ],
    problems: [
      'error | references/.gitlab-ci.yml:32 | job dangling',
      'error | references/.gitlab-ci.yml:41 | job circular',
    ],
  },
  {
    file: 'includes/.gitlab-ci.yml',
    env: {
      TEAM: 'blue',
    },
    images: [
      'golangci/golangci-lint:v1.61 | includes/.gitlab-ci.yml:25 | job lint, image',
      'acme/deep:1 | includes/ci/jobs/deep/one.yml:2 | job deep, image',
      'golang:1.23 | includes/ci/base.yml:2 | job top, image',
      'acme/top:1 | includes/ci/jobs/top.yml:3 | job top, services',
      'acme/data:1 | includes/ci/data/x.gitlab-ci.yml:2 | job data, image',
      'acme/team:1 | includes/ci/blue.yml:2 | job team, image',
      'golang:1.23 | includes/ci/base.yml:2 | job build, image',
    ],
    problems: [
      'error | includes/.gitlab-ci.yml:7 | include',
      'error | includes/.gitlab-ci.yml:8 | include',
      'error | includes/.gitlab-ci.yml:9 | include',
      'warning | includes/.gitlab-ci.yml:10 | include project',
      'warning | includes/.gitlab-ci.yml:13 | include remote',
      'warning | includes/.gitlab-ci.yml:14 | include template',
      'warning | includes/.gitlab-ci.yml:15 | include component',
      'warning | includes/.gitlab-ci.yml:16 | include remote',
      'error | includes/.gitlab-ci.yml:18 | include',
    ],
  },
  {
    file: 'inputs/.gitlab-ci.yml',
    env: {
      CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX: 'gitlab.com:443/acme/proxy',
    },
    images: [
      'aquasec/trivy:0.56 | inputs/templates/scan.yml:16 | job api-scan, image',
      'postgres:16 | inputs/.gitlab-ci.yml:7 | job api-scan, services',
      'redis:7 | inputs/.gitlab-ci.yml:9 | job api-scan, services',
      'gitlab.com:443/acme/proxy/alpine:0.56 | inputs/templates/scan.yml:22 | job api-report, image',
      'aquasec/trivy:0.57.1 | inputs/templates/scan.yml:16 | job web-scan, image',
      'gitlab.com:443/acme/proxy/alpine:0.57.1-extra | inputs/templates/scan.yml:22 | job web-report, image',
    ],
  },
  {
    file: 'inputs/templates/scan.yml',
    options: {
      kind: 'gitlab',
    },
    images: ['aquasec/trivy:latest | inputs/templates/scan.yml:16 | job -scan, image'],
    problems: [
      'warning | inputs/templates/scan.yml:3 | input job-prefix',
      'error | inputs/templates/scan.yml:22 | job -report, image',
    ],
  },
  {
    file: 'matrix/.gitlab-ci.yml',
    images: [
      'node:20 | matrix/.gitlab-ci.yml:2 | job test, image',
      'node:22 | matrix/.gitlab-ci.yml:2 | job test, image',
      'python:3.12 | matrix/.gitlab-ci.yml:2 | job test, image',
      'postgres:16 | matrix/.gitlab-ci.yml:4 | job test, services',
      'postgres:15 | matrix/.gitlab-ci.yml:4 | job test, services',
      'postgres:17 | matrix/.gitlab-ci.yml:4 | job test, services',
      'alpine:3.20 | matrix/.gitlab-ci.yml:17 | job plain, image',
    ],
  },
  {
    file: 'defaults/.gitlab-ci.yml',
    images: [
      'node:22 | defaults/.gitlab-ci.yml:2 | default, image',
      'mongo:7 | defaults/.gitlab-ci.yml:4 | default, services',
      'rabbitmq:3.13 | defaults/.gitlab-ci.yml:5 | default, services',
      'alpine:3.20 | defaults/.gitlab-ci.yml:18 | job alone, image',
    ],
  },
  {
    file: 'children/.gitlab-ci.yml',
    images: [
      'acme/child:1 | children/ci/child.yml:2 | job child-job, image',
      'acme/other:5 | children/ci/other.yml:6 | job other-job, image',
      'alpine:3.20 | children/.gitlab-ci.yml:2 | default, image',
    ],
    problems: [
      'warning | children/.gitlab-ci.yml:15 | include project',
      'warning | children/.gitlab-ci.yml:17 | include artifact',
    ],
  },
  {
    file: 'circles/.gitlab-ci.yml',
    images: [
      'busybox:2 | circles/a.yml:3 | job from-a, image',
      'alpine:3.20 | circles/.gitlab-ci.yml:4 | job one, image',
      'busybox:1 | circles/.gitlab-ci.yml:12 | job self, image',
    ],
    problems: [
      'error | circles/a.yml:1 | include',
      'error | circles/.gitlab-ci.yml:2 | job one',
      'error | circles/.gitlab-ci.yml:10 | job self',
    ],
  },
  {
    file: 'anchors/build.gitlab-ci.yml',
    images: [
      'docker:27-cli | anchors/build.gitlab-ci.yml:2 | job build, image',
      'docker:27-dind | anchors/build.gitlab-ci.yml:4 | job build, services',
      'aquasec/trivy:0.56.2 | anchors/build.gitlab-ci.yml:17 | job scan, image',
      'docker:27-dind | anchors/build.gitlab-ci.yml:4 | job scan, services',
      'docker:27-cli | anchors/build.gitlab-ci.yml:2 | job push, image',
      'docker:27-dind | anchors/build.gitlab-ci.yml:4 | job push, services',
    ],
    problems: ['warning | anchors/build.gitlab-ci.yml:25 | job scripts-only'],
  },
  {
    file: 'rules/ci.yml',
    images: [
      'acme/app:edge | rules/ci.yml:12 | job test, image',
      'acme/tool:1 | rules/ci.yml:15 | job other, image',
    ],
    problems: ['warning | rules/ci.yml:12 | job test, image', 'warning | rules/ci.yml:15 | job other, image'],
  },
  {
    file: 'bad/odd.gitlab-ci.yml',
    images: [],
    problems: [
      'warning | bad/odd.gitlab-ci.yml:10 | job text',
      'error | bad/odd.gitlab-ci.yml:2 | job job, image',
      'error | bad/odd.gitlab-ci.yml:5 | job empty, image',
      'error | bad/odd.gitlab-ci.yml:8 | job noname, image',
      'error | bad/odd.gitlab-ci.yml:12 | job main, image',
    ],
  },
  {
    file: 'bad/list.gitlab-ci.yml',
    images: [],
    problems: ['error | bad/list.gitlab-ci.yml:1 | pipeline'],
  },
]);
