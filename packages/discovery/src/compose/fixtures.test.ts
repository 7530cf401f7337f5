import { checkFixtures } from '../testing/check-fixtures.ts';

checkFixtures('compose', [
  {
    file: 'web-stack/docker-compose.yml',
    images: [
      'traefik:v3.1 | web-stack/docker-compose.yml:7 | service proxy',
      'postgres:16-alpine@sha256:4e6e670bb069649261c9c18031f0aded7bb249a5b6664ddec29c013a89310d50 | web-stack/docker-compose.yml:15 | service db',
      'redis:7.4 | web-stack/docker-compose.yml:22 | service cache | linux/arm64',
      'axllent/mailpit | web-stack/docker-compose.yml:26 | service mail',
      'docker.elastic.co/elasticsearch/elasticsearch:8.15.3 | web-stack/docker-compose.yml:29 | service search',
    ],
  },
  {
    file: 'interpolation/compose.yaml',
    images: [
      'registry.example.com:5000/team/app:from-dotenv | interpolation/compose.yaml:3 | service app',
      'postgres:16.4 | interpolation/compose.yaml:5 | service db',
      'nginx:1.27 | interpolation/compose.yaml:7 | service empty-or-default',
      'nginx:1.26-alpine | interpolation/compose.yaml:9 | service unset-or-default',
      'registry.example.com:5000/fallback:1 | interpolation/compose.yaml:11 | service nested',
      'busybox:1.36 | interpolation/compose.yaml:13 | service alternative',
      'busybox | interpolation/compose.yaml:15 | service no-alternative',
      'registry.example.com:5000/tools/lint:from-dotenv | interpolation/compose.yaml:17 | service short',
      'mongo:7 | interpolation/compose.yaml:23 | service missing-but-valid',
      'alpine:3.20 | interpolation/compose.yaml:27 | service dollar',
    ],
    problems: [
      'error | interpolation/compose.yaml:19 | service required',
      'error | interpolation/compose.yaml:21 | service missing',
      'warning | interpolation/compose.yaml:23 | service missing-but-valid',
      'error | interpolation/compose.yaml:25 | service bad',
    ],
  },
  {
    file: 'interpolation/compose.yaml',
    env: {
      TAG: 'from-env',
      MYSQL_VERSION: '8.4',
      UNSET: 'set',
      EMPTY: '',
    },
    images: [
      'registry.example.com:5000/team/app:from-env | interpolation/compose.yaml:3 | service app',
      'postgres:16.4 | interpolation/compose.yaml:5 | service db',
      'nginx:1.27 | interpolation/compose.yaml:7 | service empty-or-default',
      'nginx:set-alpine | interpolation/compose.yaml:9 | service unset-or-default',
      'set | interpolation/compose.yaml:11 | service nested',
      'busybox:1.36 | interpolation/compose.yaml:13 | service alternative',
      'busybox:never | interpolation/compose.yaml:15 | service no-alternative',
      'registry.example.com:5000/tools/lint:from-env | interpolation/compose.yaml:17 | service short',
      'mysql:8.4 | interpolation/compose.yaml:19 | service required',
      'set/app:1 | interpolation/compose.yaml:21 | service missing',
      'mongoset:7 | interpolation/compose.yaml:23 | service missing-but-valid',
      'alpine:3.20 | interpolation/compose.yaml:27 | service dollar',
    ],
    problems: ['error | interpolation/compose.yaml:25 | service bad'],
  },
  {
    file: 'profiles/compose.yml',
    images: ['ghcr.io/acme/app:1.4.2 | profiles/compose.yml:3 | service app'],
  },
  {
    file: 'profiles/compose.yml',
    options: {
      profiles: ['debug', 'ci'],
    },
    images: [
      'ghcr.io/acme/app:1.4.2 | profiles/compose.yml:3 | service app',
      'adminer:4 | profiles/compose.yml:5 | service adminer',
      'cypress/included:13.15.0 | profiles/compose.yml:8 | service e2e',
    ],
  },
  {
    file: 'profiles/compose.yml',
    env: {
      COMPOSE_PROFILES: 'test, seed',
    },
    images: [
      'ghcr.io/acme/app:1.4.2 | profiles/compose.yml:3 | service app',
      'cypress/included:13.15.0 | profiles/compose.yml:8 | service e2e',
    ],
    problems: ['error | profiles/compose.yml:13 | service seed'],
  },
  {
    file: 'profiles/compose.yml',
    env: {
      SEED_TAG: '1',
    },
    options: {
      profiles: ['*'],
    },
    images: [
      'ghcr.io/acme/app:1.4.2 | profiles/compose.yml:3 | service app',
      'adminer:4 | profiles/compose.yml:5 | service adminer',
      'cypress/included:13.15.0 | profiles/compose.yml:8 | service e2e',
      'ghcr.io/acme/seed:1 | profiles/compose.yml:13 | service seed',
    ],
  },
  {
    file: 'anchors/docker-compose.ci.yml',
    images: [
      'node:22-bookworm | anchors/docker-compose.ci.yml:7 | service api',
      'node:22-bookworm | anchors/docker-compose.ci.yml:7 | service worker',
      'node:20-alpine | anchors/docker-compose.ci.yml:22 | service docs',
      'confluentinc/cp-kafka:7.7.1 | anchors/docker-compose.ci.yml:11 | service kafka',
      'confluentinc/cp-kafka:7.7.1 | anchors/docker-compose.ci.yml:11 | service kafka-init',
    ],
  },
  {
    file: 'extends/compose.yaml',
    env: {
      PG: '17',
    },
    images: [
      'eclipse-temurin:21-jre | extends/compose.yaml:3 | service base | linux/amd64',
      'eclipse-temurin:21-jre | extends/compose.yaml:3 | service api | linux/amd64',
      'eclipse-temurin:17-jre | extends/compose.yaml:11 | service worker | linux/amd64',
      'postgres:17 | extends/common/services.yml:3 | service db',
      'flyway/flyway:10 | extends/common/migrate/Dockerfile:2 | service migrate, stage 1 of Dockerfile',
    ],
    problems: [
      'error | extends/compose.yaml:22 | service lost, extends',
      'error | extends/compose.yaml:25 | service gone, extends',
    ],
  },
  {
    file: 'includes/compose.yaml',
    images: [
      'rabbitmq:3.13-management | includes/infra/compose.yaml:3 | service broker',
      'acme/report:9 | includes/team/compose.yaml:3 | service report',
      'chromedp/headless-shell:130.0.6723.59 | includes/render/Dockerfile:1 | service render, stage 1 of Dockerfile',
      'minio/minio:latest | includes/infra/override.yml:3 | service store | linux/amd64',
      'acme/app:2 | includes/compose.yaml:13 | service app',
    ],
    problems: ['warning | includes/compose.yaml:9 | include', 'error | includes/compose.yaml:10 | include'],
  },
  {
    file: 'builds/compose.yaml',
    images: [
      'golang:1.23-bookworm | builds/api/Dockerfile:3 | service api, stage build of Dockerfile',
      'gcr.io/distroless/static-debian12 | builds/api/Dockerfile:7 | service api, stage runtime of Dockerfile',
      'golang:1.22-bookworm | builds/api/Dockerfile:3 | service api-arm, stage build of Dockerfile | linux/arm64',
      'gcr.io/distroless/static-debian12 | builds/api/Dockerfile:7 | service api-arm, stage runtime of Dockerfile | linux/arm64',
      'node:22 | builds/web/Dockerfile.prod:1 | service web, stage assets of Dockerfile.prod',
      'nginxinc/nginx-unprivileged:1.27 | builds/compose.yaml:18 | service web, stage 2 of Dockerfile.prod',
      'acme/cached:1 | builds/compose.yaml:24 | service cached',
      'alpine:3.20 | builds/compose.yaml:32 | service inline, stage tools of dockerfile_inline',
      'debian:12-slim | builds/compose.yaml:33 | service inline, stage 2 of dockerfile_inline',
    ],
    problems: [
      'warning | builds/compose.yaml:36 | service remote, build',
      'error | builds/compose.yaml:38 | service lost, build',
    ],
  },
  {
    file: 'builds/compose.yaml',
    env: {
      DISTRO: 'alpine',
      INLINE_BASE: 'ubuntu:24.04',
    },
    images: [
      'golang:1.23-bookworm | builds/api/Dockerfile:3 | service api, stage build of Dockerfile',
      'gcr.io/distroless/static-debian12 | builds/api/Dockerfile:7 | service api, stage runtime of Dockerfile',
      'golang:1.22-alpine | builds/api/Dockerfile:3 | service api-arm, stage build of Dockerfile | linux/arm64',
      'gcr.io/distroless/static-debian12 | builds/api/Dockerfile:7 | service api-arm, stage runtime of Dockerfile | linux/arm64',
      'node:22 | builds/web/Dockerfile.prod:1 | service web, stage assets of Dockerfile.prod',
      'nginxinc/nginx-unprivileged:1.27 | builds/compose.yaml:18 | service web, stage 2 of Dockerfile.prod',
      'acme/cached:1 | builds/compose.yaml:24 | service cached',
      'alpine:3.20 | builds/compose.yaml:32 | service inline, stage tools of dockerfile_inline',
      'ubuntu:24.04 | builds/compose.yaml:33 | service inline, stage 2 of dockerfile_inline',
    ],
    problems: [
      'warning | builds/compose.yaml:36 | service remote, build',
      'error | builds/compose.yaml:38 | service lost, build',
    ],
  },
  {
    file: 'airflow/docker-compose.yaml',
    images: [
      'postgres:13 | airflow/docker-compose.yaml:15 | service postgres',
      'redis:7.2-bookworm | airflow/docker-compose.yaml:18 | service redis',
      'apache/airflow:2.10.2 | airflow/docker-compose.yaml:3 | service airflow-webserver',
      'apache/airflow:2.10.2 | airflow/docker-compose.yaml:3 | service airflow-worker',
    ],
  },
  {
    file: 'volumes-and-tags/compose.override.yaml',
    images: [
      'acme/models:2024-10 | volumes-and-tags/compose.override.yaml:6 | service app, volume',
      'acme/app:1 | volumes-and-tags/compose.override.yaml:3 | service app',
      '3.10 | volumes-and-tags/compose.override.yaml:22 | service numeric',
    ],
    problems: [
      'error | volumes-and-tags/compose.override.yaml:14 | service db',
      'error | volumes-and-tags/compose.override.yaml:23 | service nothing',
    ],
  },
  {
    file: 'overrides/stack.yml',
    images: [
      'dockersamples/visualizer:stable | overrides/stack.yml:4 | service visualizer',
      'portainer/agent:2.21.4 | overrides/stack.yml:10 | service agent',
    ],
    problems: ['warning | overrides/stack.yml:10 | key "image"'],
  },
  {
    file: 'multi-document/compose.yaml',
    images: [
      'acme/app:2 | multi-document/compose.yaml:10 | service app | linux/amd64',
      'mariadb:11 | multi-document/compose.yaml:6 | service db',
    ],
  },
  {
    file: 'circles/compose.yaml',
    images: [
      'busybox:1 | circles/a.yml:5 | service x',
      'alpine:3.20 | circles/compose.yaml:5 | service one',
      'alpine:3.20 | circles/compose.yaml:5 | service two',
      'alpine:3.20 | circles/compose.yaml:5 | service three',
    ],
    problems: ['error | circles/a.yml:2 | include', 'error | circles/compose.yaml:3 | service one'],
  },
  {
    file: 'bad/compose.odd.yml',
    images: [],
    problems: [
      'error | bad/compose.odd.yml:2 | service a',
      'error | bad/compose.odd.yml:4 | service b',
      'error | bad/compose.odd.yml:7 | service c',
    ],
  },
  {
    file: 'bad/compose.list.yml',
    images: [],
    problems: [
      'error | bad/compose.list.yml:2 | compose file',
      'warning | bad/compose.list.yml:- | compose file',
    ],
  },
  {
    file: 'bad/compose.empty.yml',
    images: [],
    problems: ['error | bad/compose.empty.yml:- | compose file'],
  },
  {
    file: 'bad/docker-compose.v1.yml',
    images: [],
    problems: ['error | bad/docker-compose.v1.yml:- | compose file'],
  },
]);
