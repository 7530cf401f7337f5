import { checkFixtures } from '../testing/check-fixtures.ts';

checkFixtures('kubernetes', [
  {
    file: 'pod.yaml',
    images: [
      'busybox:1.36 | pod.yaml:8 | Pod web, init container init-db',
      'istio/proxyv2:1.23.2 | pod.yaml:11 | Pod web, init container proxy',
      'nginx:1.27 | pod.yaml:15 | Pod web, container app',
      'ghcr.io/acme/side@sha256:4e6e670bb069649261c9c18031f0aded7bb249a5b6664ddec29c013a89310d50 | pod.yaml:16 | Pod web, container side',
      'nicolaka/netshoot:v0.13 | pod.yaml:20 | Pod web, ephemeral container debugger',
      'quay.io/acme/models:2 | pod.yaml:24 | Pod web, volume models',
    ],
  },
  {
    file: 'stack.yaml',
    images: [
      'acme/web:3.2.1 | stack.yaml:16 | Deployment web, container web',
      'postgres:16 | stack.yaml:29 | StatefulSet db, container db',
      'grafana/alloy:v1.4.3 | stack.yaml:37 | DaemonSet agent, container agent',
      'registry.k8s.io/pause:3.10 | stack.yaml:48 | ReplicaSet rs-, container rs',
    ],
  },
  {
    file: 'jobs.yml',
    images: [
      'migrate/migrate:v4.18.1 | jobs.yml:11 | Job migrate, container migrate',
      'restic/restic:0.17.1 | jobs.yml:25 | CronJob backup, container backup',
    ],
  },
  {
    file: 'list.yaml',
    images: ['acme/inner:1 | list.yaml:17 | Deployment inner, container c'],
  },
  {
    file: 'helm-rendered.yaml',
    images: [
      'quay.io/prometheus-operator/prometheus-operator:v0.77.2 | helm-rendered.yaml:14 | Deployment release-operator, container kube-prometheus-stack',
      'quay.io/oauth2-proxy/oauth2-proxy:v7.7.1 | helm-rendered.yaml:28 | Prometheus release-prometheus, container oauth',
    ],
    problems: ['warning | helm-rendered.yaml:25 | Prometheus release-prometheus'],
  },
  {
    file: 'workflows.yaml',
    images: [
      'docker/whalesay:latest | workflows.yaml:10 | Workflow ci-, container',
      'python:3.12 | workflows.yaml:14 | Workflow ci-, script',
      'docker:27-dind | workflows.yaml:18 | Workflow ci-, sidecar dind',
      'alpine/git:2.45.2 | workflows.yaml:30 | Task build, step clone',
      'gcr.io/kaniko-project/executor:v1.23.2 | workflows.yaml:32 | Task build, step build',
    ],
  },
  {
    file: 'knative.yaml',
    images: ['ghcr.io/knative/helloworld-go:latest | knative.yaml:9 | Service hello, container'],
  },
  {
    file: 'never.yaml',
    images: ['acme/pulled:1 | never.yaml:10 | Pod local, container pulled'],
  },
  {
    file: 'anchored.yaml',
    images: [
      'acme/app:1 | anchored.yaml:8 | Pod anchored, init container init',
      'acme/app:1 | anchored.yaml:8 | Pod anchored, container app',
      'acme/app:1 | anchored.yaml:8 | Pod anchored, container second',
    ],
  },
  {
    file: 'manifest.json',
    images: ['acme/json:1 | manifest.json:9 | Pod json, container app'],
  },
  {
    file: 'crd.yaml',
    images: ['acme/thing:1 | crd.yaml:23 | Thing a, container x'],
    problems: ['warning | crd.yaml:24 | Thing a'],
  },
  {
    file: 'templates/deployment.yaml',
    images: [],
    problems: ['error | templates/deployment.yaml:1 | manifest'],
  },
  {
    file: 'templates/mild.yaml',
    images: ['acme/fine:1 | templates/mild.yaml:11 | Pod mild, container fine'],
    problems: [
      'error | templates/mild.yaml:7 | Pod mild, container quoted',
      'error | templates/mild.yaml:9 | Pod mild, container bare',
    ],
  },
  {
    file: 'bad/kustomization.yaml',
    images: [],
    problems: ['error | bad/kustomization.yaml:1 | Kustomization'],
  },
  {
    file: 'bad/odd.yaml',
    images: [],
    problems: [
      'error | bad/odd.yaml:7 | Pod odd, container a',
      'error | bad/odd.yaml:9 | Pod odd, container b',
      'warning | bad/odd.yaml:10 | Pod odd, container c',
      'warning | bad/odd.yaml:13 | manifest',
    ],
  },
]);
