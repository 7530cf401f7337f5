import type { LayerEntry } from '../images.ts';

/**
 * The part of docker:dind's entry point that GitLab's settings rely on. With options it starts an engine,
 * which listens with its own certificates below `DOCKER_TLS_CERTDIR`, or without TLS if that is empty. Runs
 * any other command with the variables of a client of such an engine.
 */
export const dindEntryPoint: readonly LayerEntry[] = [
  {
    path: 'usr/local/bin/dockerd-entrypoint.sh',
    mode: 0o755,
    content: `#!/bin/sh
set -eu
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1/key.pem" -out "$1/request.pem"
  printf 'subjectAltName = DNS:docker, DNS:localhost\\nextendedKeyUsage = %s\\n' "$2" >"$1/extensions"
  openssl x509 -req -in "$1/request.pem" -CA ca/cert.pem -CAkey ca/key.pem -CAcreateserial -days 2 -extfile "$1/extensions" -out "$1/cert.pem"
  cp ca/cert.pem "$1/ca.pem"
}
certificates() {
  mkdir -p "$1/ca" "$1/server" "$1/client"
  cd "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca/key.pem -out ca/cert.pem
  certificate server serverAuth
  certificate client clientAuth
  cd /
}
case \${1:--} in
  -*)
    rm -f /run/docker.pid /var/run/docker.pid
    awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts | while read -r point; do mount -o remount,rw,bind "$point"; done
    if [ -n "\${DOCKER_TLS_CERTDIR-/certs}" ]; then
      certs=\${DOCKER_TLS_CERTDIR-/certs}
      certificates "$certs"
      set -- --host=tcp://0.0.0.0:2376 --tlsverify --tlscacert "$certs/server/ca.pem" --tlscert "$certs/server/cert.pem" --tlskey "$certs/server/key.pem" "$@"
    else
      set -- --host=tcp://0.0.0.0:2375 --tls=false "$@"
    fi
    exec dockerd --host=unix:///run/docker.sock "$@"
    ;;
esac
if [ -z "\${DOCKER_HOST-}" ] && [ ! -S /run/docker.sock ]; then
  if [ -n "\${DOCKER_TLS_CERTDIR-/certs}" ]; then
    export DOCKER_HOST=tcp://docker:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="\${DOCKER_TLS_CERTDIR-/certs}/client"
  else
    export DOCKER_HOST=tcp://docker:2375
  fi
fi
exec "$@"
`,
  },
  { path: 'usr/lib/ssl', directory: true },
  {
    path: 'usr/lib/ssl/openssl.cnf',
    content:
      '[req]\ndistinguished_name = name\nx509_extensions = ca\n[name]\n[ca]\nbasicConstraints = critical, CA:TRUE\n',
  },
];
