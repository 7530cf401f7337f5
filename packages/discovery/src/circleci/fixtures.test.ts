import { checkFixtures } from '../testing/check-fixtures.ts';

checkFixtures('circleci', [
  {
    file: 'simple/.circleci/config.yml',
    images: [
      'cimg/node:22.9 | simple/.circleci/config.yml:5 | job build, docker',
      'cimg/postgres:16.4 | simple/.circleci/config.yml:11 | job build, docker',
      'redis:7.4 | simple/.circleci/config.yml:12 | job build, docker',
    ],
    problems: ['warning | simple/.circleci/config.yml:27 | job unused'],
  },
  {
    file: 'two-dot-oh/.circleci/config.yml',
    images: ['circleci/golang:1.15 | two-dot-oh/.circleci/config.yml:5 | job build, docker'],
    problems: ['warning | two-dot-oh/.circleci/config.yml:8 | job other'],
  },
  {
    file: 'executors/.circleci/config.yml',
    images: [
      'cimg/base:2024.10 | executors/.circleci/config.yml:5 | job plain, executor default',
      'cimg/python:3.12 | executors/.circleci/config.yml:14 | job defaults, executor python',
      'cimg/postgres:16.4 | executors/.circleci/config.yml:15 | job defaults, executor python',
      'cimg/python:3.13 | executors/.circleci/config.yml:14 | job given, executor python',
      'cimg/postgres:16.4 | executors/.circleci/config.yml:15 | job given, executor python',
      'cimg/python:3.9-node | executors/.circleci/config.yml:14 | job passed-on, executor python',
      'cimg/postgres:16.4 | executors/.circleci/config.yml:15 | job passed-on, executor python',
      'cimg/base:2024.10 | executors/.circleci/config.yml:5 | job chosen, executor default',
      'cimg/python:3.8 | executors/.circleci/config.yml:14 | job chosen, executor python',
      'cimg/postgres:16.4 | executors/.circleci/config.yml:15 | job chosen, executor python',
    ],
  },
  {
    file: 'parameters/.circleci/config.yml',
    images: [
      'node:22 | parameters/.circleci/config.yml:14 | job test, docker',
      'python:3.12-slim | parameters/.circleci/config.yml:14 | job test, docker',
    ],
    problems: ['error | parameters/.circleci/config.yml:14 | job test, docker'],
  },
  {
    file: 'matrix/.circleci/config.yml',
    images: [
      'acme/debian-node:20 | matrix/.circleci/config.yml:9 | job test, docker',
      'acme/debian-node:22 | matrix/.circleci/config.yml:9 | job test, docker',
      'acme/alpine-node:22 | matrix/.circleci/config.yml:9 | job test, docker',
      'acme/deploy:a | matrix/.circleci/config.yml:13 | job deploy, docker',
      'acme/deploy:b | matrix/.circleci/config.yml:13 | job deploy, docker',
    ],
  },
  {
    file: 'pipeline-parameters/.circleci/config.yml',
    env: {
      CIRCLE_BRANCH: 'main',
    },
    images: [
      'cimg/go:1.23 | pipeline-parameters/.circleci/config.yml:12 | job build, docker',
      'registry.example.com/app:main | pipeline-parameters/.circleci/config.yml:13 | job build, docker',
      'cimg/go:1.23-node | pipeline-parameters/.circleci/config.yml:18 | job given, docker',
    ],
    problems: ['error | pipeline-parameters/.circleci/config.yml:14 | job build, docker'],
  },
  {
    file: 'inline-orb/.circleci/config.yml',
    images: [
      'acme/tools:2 | inline-orb/.circleci/config.yml:15 | job tools/scan, executor default',
      'acme/tools:3 | inline-orb/.circleci/config.yml:15 | job tools/scan, executor default',
      'acme/deep:1 | inline-orb/.circleci/config.yml:9 | job tools/deep, executor inner/deep',
      'acme/tools:latest | inline-orb/.circleci/config.yml:15 | job use, executor tools/default',
    ],
    problems: ['warning | inline-orb/.circleci/config.yml:38 | job node/test'],
  },
  {
    file: 'anchors/.circleci/config.yml',
    images: [
      'cimg/ruby:3.3-browsers | anchors/.circleci/config.yml:6 | job lint, docker',
      'cimg/ruby:3.3-browsers | anchors/.circleci/config.yml:6 | job spec, docker',
      'cimg/postgres:15.8 | anchors/.circleci/config.yml:11 | job spec, docker',
      'cimg/postgres:16.4 | anchors/.circleci/config.yml:22 | job spec, docker',
    ],
  },
  {
    file: 'orbs/.circleci/config.yml',
    images: [],
    problems: [
      'warning | orbs/.circleci/config.yml:7 | job build, executor node/default',
      'warning | orbs/.circleci/config.yml:11 | job tagged, executor node/default',
      'warning | orbs/.circleci/config.yml:22 | job node/test',
    ],
  },
  {
    file: 'setup/.circleci/config.yml',
    images: ['cimg/base:stable | setup/.circleci/config.yml:7 | job setup, executor small'],
  },
  {
    file: 'environment/.circleci/config.yml',
    env: {
      AWS_ACCOUNT: '123',
      BUILD_TAG: '7',
    },
    images: [
      '123.dkr.ecr.eu-west-1.amazonaws.com/build:7 | environment/.circleci/config.yml:5 | job build, docker',
    ],
    problems: ['error | environment/.circleci/config.yml:7 | job build, docker'],
  },
  {
    file: 'bad/.circleci/config.yml',
    images: [],
    problems: [
      'error | bad/.circleci/config.yml:18 | job none',
      'error | bad/.circleci/config.yml:8 | job lost, executor nowhere',
      'error | bad/.circleci/config.yml:11 | job nameless, executor',
      'error | bad/.circleci/config.yml:3 | job odd, executor odd',
      'error | bad/.circleci/config.yml:18 | job absent',
    ],
  },
]);
