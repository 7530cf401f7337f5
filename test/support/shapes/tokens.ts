import { gzipSync } from 'node:zlib';

import type { RegistryAuth } from '@drayage/registry/testing';
import { addImage } from './image.ts';
import type { Shape } from './shape.ts';

type Bearer = Extract<RegistryAuth, { kind: 'bearer' }>;

function guarded(name: string, bearer: Omit<Bearer, 'kind'>, refused?: RegExp): Shape {
  return {
    ...{ name, registry: { auth: { kind: 'bearer', ...bearer } } },
    serve: (place) => addImage(place),
    ...(refused === undefined ? {} : { refused }),
  };
}

/** The token service answers with these members. */
function answering(name: string, members: (token: string) => object, refused?: RegExp): Shape {
  return guarded(name, { tokenAnswer: (token) => ({ body: JSON.stringify(members(token)) }) }, refused);
}

function withStatus(status: number): Shape {
  const tokenAnswer: Bearer['tokenAnswer'] = (token) => ({ status, body: JSON.stringify({ token }) });
  return guarded(`token-status-${String(status)}`, { tokenAnswer });
}

const answers: readonly Shape[] = [
  guarded('token', {}),
  answering('token-access', (token) => ({ access_token: token })),
  answering('token-both', (token) => ({ token, access_token: token })),
  answering('token-first-empty', (token) => ({ token: '', access_token: token })),
  answering('token-first-null', (token) => ({ token: null, access_token: token })),
  answering('token-second-empty', (token) => ({ token, access_token: '' })),
  answering('token-no-expiry', (token) => ({ token })),
  answering('token-expiry-0', (token) => ({ token, expires_in: 0 })),
  answering('token-expiry-negative', (token) => ({ token, expires_in: -1 })),
  answering('token-expiry-null', (token) => ({ token, expires_in: null })),
  answering('token-expiry-text', (token) => ({ token, expires_in: '300' })),
  answering('token-expiry-float', (token) => ({ token, expires_in: 300.5 })),
  answering('token-issued-odd', (token) => ({ token, issued_at: 'yesterday' })),
  answering('token-issued-empty', (token) => ({ token, issued_at: '' })),
  answering('token-issued-1970', (token) => ({ token, issued_at: '1970-01-01T00:00:00Z', expires_in: 60 })),
  answering('token-more-members', (token) => ({ token, refresh_token: 'x', scope: 'y', nested: {} })),
  answering('token-none', () => ({}), /token/),
  answering('token-number', () => ({ token: 1 }), /token/),
  ...[201, 202, 203, 206, 299].map(withStatus),
  guarded('token-in-gzip', {
    tokenAnswer: (token) => ({
      body: gzipSync(JSON.stringify({ token })),
      headers: { 'content-encoding': 'gzip' },
    }),
  }),
  guarded('token-type-html', {
    tokenAnswer: (token) => ({ body: JSON.stringify({ token }), headers: { 'content-type': 'text/html' } }),
  }),
  guarded('token-for-one-request', { usesPerToken: 1 }, /refused/),
];

function challenging(name: string, challenges: NonNullable<Bearer['challenges']>, refused?: RegExp): Shape {
  return guarded(name, { challenges }, refused);
}

const service = 'service="registry.test"';

const challengeForms: readonly Shape[] = [
  challenging('challenge-lower-case', (realm, scope) => [
    `bearer realm="${realm}",${service},scope="${scope}"`,
  ]),
  challenging('challenge-spaces', (realm, scope) => [
    `Bearer realm="${realm}", ${service} , scope="${scope}"`,
  ]),
  challenging('challenge-no-scope', (realm) => [`Bearer realm="${realm}",${service}`]),
  challenging('challenge-no-service', (realm, scope) => [`Bearer realm="${realm}",scope="${scope}"`]),
  challenging('challenge-only-realm', (realm) => [`Bearer realm="${realm}"`]),
  challenging('challenge-with-error', (realm, scope) => [
    `Bearer realm="${realm}",${service},scope="${scope}",error="invalid_token",error_description="a, b"`,
  ]),
  challenging('challenge-after-basic', (realm, scope) => [
    'Basic realm="x"',
    `Bearer realm="${realm}",${service},scope="${scope}"`,
  ]),
  challenging('challenge-before-basic', (realm, scope) => [
    `Bearer realm="${realm}",${service},scope="${scope}"`,
    'Basic realm="x"',
  ]),
  challenging('challenge-after-unknown', (realm, scope) => [
    'Negotiate',
    `Bearer realm="${realm}",${service},scope="${scope}"`,
  ]),
  challenging('challenge-none', () => [], /login|credentials|unauthorized|refused|requires/i),
];

/** Shapes of token services and challenges. */
export const tokenShapes: readonly Shape[] = [...answers, ...challengeForms];
