import { checkFixtures } from '../testing/check-fixtures.ts';

checkFixtures('dockerfile', [
  {
    file: 'node.Dockerfile',
    images: [
      'node:22.9.0-alpine | node.Dockerfile:4 | stage base of node.Dockerfile',
      'nginxinc/nginx-unprivileged:1.27-alpine-slim | node.Dockerfile:16 | stage 4 of node.Dockerfile',
    ],
  },
  {
    file: 'Dockerfile.heredoc',
    images: [
      'debian:12-slim | Dockerfile.heredoc:1 | stage tools of Dockerfile.heredoc',
      'busybox:1.36 | Dockerfile.heredoc:19 | RUN --mount in stage 2 of Dockerfile.heredoc',
    ],
  },
  {
    file: 'Dockerfile.args',
    images: [
      'registry.example.com/team/base:1.2.3 | Dockerfile.args:6 | stage 1 of Dockerfile.args',
      'registry.example.com/quoted:1.2.3 | Dockerfile.args:8 | stage 2 of Dockerfile.args',
      'debian:1.2 | Dockerfile.args:9 | stage 3 of Dockerfile.args',
      'alpine:2.3 | Dockerfile.args:10 | stage 4 of Dockerfile.args',
      'registry.example.com/replace:1-2-3 | Dockerfile.args:11 | stage 5 of Dockerfile.args',
      'plain | Dockerfile.args:13 | stage 7 of Dockerfile.args',
    ],
    problems: [
      'error | Dockerfile.args:12 | stage 6 of Dockerfile.args',
      'warning | Dockerfile.args:13 | stage 7 of Dockerfile.args',
      'error | Dockerfile.args:14 | stage 8 of Dockerfile.args',
    ],
  },
  {
    file: 'Dockerfile.args',
    options: {
      buildArgs: {
        NAME: 'given',
        SUFFIX: '-x',
        LATER: 'no',
        REGISTRY: 'other.example',
      },
    },
    images: [
      'other.example/team/given:1.2.3 | Dockerfile.args:6 | stage 1 of Dockerfile.args',
      'other.example/quoted:1.2.3 | Dockerfile.args:8 | stage 2 of Dockerfile.args',
      'debian:1.2 | Dockerfile.args:9 | stage 3 of Dockerfile.args',
      'alpine:2.3-x | Dockerfile.args:10 | stage 4 of Dockerfile.args',
      'other.example/replace:1-2-3 | Dockerfile.args:11 | stage 5 of Dockerfile.args',
      'plain-x | Dockerfile.args:13 | stage 7 of Dockerfile.args',
    ],
    problems: [
      'error | Dockerfile.args:12 | stage 6 of Dockerfile.args',
      'error | Dockerfile.args:14 | stage 8 of Dockerfile.args',
    ],
  },
  {
    file: 'Dockerfile.mounts',
    images: [
      'python:3.12-slim | Dockerfile.mounts:1 | stage app of Dockerfile.mounts',
      'ghcr.io/astral-sh/uv:0.4.20 | Dockerfile.mounts:2 | COPY --from in stage app of Dockerfile.mounts',
      'ghcr.io/astral-sh/uv:0.4.20 | Dockerfile.mounts:3 | RUN --mount in stage app of Dockerfile.mounts',
      'composer/composer:2.8-bin | Dockerfile.mounts:5 | RUN --mount in stage app of Dockerfile.mounts',
      'docker.io/library/caddy:2 | Dockerfile.mounts:8 | COPY --from in stage app of Dockerfile.mounts',
      'busybox:1 | Dockerfile.mounts:9 | RUN --mount in stage app of Dockerfile.mounts',
    ],
  },
  {
    file: 'windows.Dockerfile',
    images: [
      'mcr.microsoft.com/windows/servercore:ltsc2022 | windows.Dockerfile:3 | stage base of windows.Dockerfile',
      'mcr.microsoft.com/windows/nanoserver:ltsc2022 | windows.Dockerfile:9 | stage 2 of windows.Dockerfile | windows/amd64',
    ],
  },
  {
    file: 'Containerfile',
    images: [
      'quay.io/fedora/fedora:41 | Containerfile:2 | stage builder of Containerfile',
      'registry.access.redhat.com/ubi9/ubi-minimal:9.4 | Containerfile:11 | stage 2 of Containerfile | linux/s390x',
    ],
  },
  {
    file: 'Dockerfile.onbuild',
    images: ['node:22 | Dockerfile.onbuild:1 | stage onbuild of Dockerfile.onbuild'],
    problems: [
      'warning | Dockerfile.onbuild:3 | COPY --from in stage onbuild of Dockerfile.onbuild',
      'warning | Dockerfile.onbuild:4 | RUN --mount in stage onbuild of Dockerfile.onbuild',
    ],
  },
  {
    file: 'Dockerfile.variables-in-copy',
    images: [
      'alpine:3.20 | Dockerfile.variables-in-copy:2 | stage 1 of Dockerfile.variables-in-copy',
      'acme/tools:1 | Dockerfile.variables-in-copy:5 | stage tools of Dockerfile.variables-in-copy',
      'busybox:1 | Dockerfile.variables-in-copy:7 | stage tools-later of Dockerfile.variables-in-copy',
    ],
    problems: [
      'error | Dockerfile.variables-in-copy:3 | COPY --from in stage 1 of Dockerfile.variables-in-copy',
      'error | Dockerfile.variables-in-copy:4 | COPY --from in stage 1 of Dockerfile.variables-in-copy',
    ],
  },
  {
    file: 'Dockerfile.targets',
    images: [
      'maven:3.9-eclipse-temurin-21 | Dockerfile.targets:1 | stage build of Dockerfile.targets',
      'eclipse-temurin:21-jre | Dockerfile.targets:7 | stage runtime of Dockerfile.targets',
    ],
  },
  {
    file: 'Dockerfile.targets',
    options: {
      target: 'test',
    },
    images: [
      'maven:3.9-eclipse-temurin-21 | Dockerfile.targets:1 | stage build of Dockerfile.targets',
      'testcontainers/ryuk:0.10.0 | Dockerfile.targets:4 | RUN --mount in stage test of Dockerfile.targets',
    ],
  },
  {
    file: 'Dockerfile.targets',
    options: {
      target: 'Final',
    },
    images: [
      'maven:3.9-eclipse-temurin-21 | Dockerfile.targets:1 | stage build of Dockerfile.targets',
      'eclipse-temurin:21-jre | Dockerfile.targets:7 | stage runtime of Dockerfile.targets',
    ],
  },
  {
    file: 'Dockerfile.targets',
    options: {
      target: '2',
    },
    images: [
      'maven:3.9-eclipse-temurin-21 | Dockerfile.targets:1 | stage build of Dockerfile.targets',
      'eclipse-temurin:21-jdk | Dockerfile.targets:5 | stage debug of Dockerfile.targets',
    ],
  },
  {
    file: 'Dockerfile.targets',
    options: {
      target: 'nope',
    },
    images: [],
    problems: ['error | Dockerfile.targets:- | Dockerfile.targets'],
  },
  {
    file: 'rust.dockerfile',
    images: [
      'lukemathwalker/cargo-chef:latest-rust-1.82 | rust.dockerfile:1 | stage chef of rust.dockerfile',
      'gcr.io/distroless/cc-debian12@sha256:4e6e670bb069649261c9c18031f0aded7bb249a5b6664ddec29c013a89310d50 | rust.dockerfile:6 | stage 4 of rust.dockerfile',
    ],
  },
  {
    file: 'image-file',
    images: ['acme/content:1 | image-file:4 | stage 1 of image-file'],
  },
  {
    file: 'Dockerfile.crlf',
    images: [
      'alpine:3.20 | Dockerfile.crlf:1 | stage 1 of Dockerfile.crlf',
      'redis:7 | Dockerfile.crlf:4 | stage 2 of Dockerfile.crlf',
    ],
  },
  {
    file: 'Dockerfile.bom',
    images: ['alpine:3.19 | Dockerfile.bom:1 | stage 1 of Dockerfile.bom'],
  },
  {
    file: 'bad/Dockerfile.odd',
    images: ['alpine:3 | bad/Dockerfile.odd:4 | stage 3 of Dockerfile.odd'],
    problems: [
      'warning | bad/Dockerfile.odd:1 | Dockerfile.odd',
      'error | bad/Dockerfile.odd:2 | stage 1 of Dockerfile.odd',
      'error | bad/Dockerfile.odd:3 | stage 2 of Dockerfile.odd',
      'error | bad/Dockerfile.odd:5 | stage 4 of Dockerfile.odd',
      'error | bad/Dockerfile.odd:6 | stage 5 of Dockerfile.odd',
    ],
  },
  {
    file: 'bad/Dockerfile.nofrom',
    images: [],
    problems: ['error | bad/Dockerfile.nofrom:1 | Dockerfile.nofrom'],
  },
  {
    file: 'bad/Dockerfile.empty',
    images: [],
    problems: ['error | bad/Dockerfile.empty:1 | Dockerfile.empty'],
  },
]);
