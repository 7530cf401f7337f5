import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createProxyRules } from './proxy-rules.ts';
import { parseProxyServer, proxySettings } from './proxy-settings.ts';

const httpProxy = 'http://plain.test:3128';
const httpsProxy = 'http://secure.test:3128';

const proxyOf = (url: string, noProxy = ''): string | undefined =>
  createProxyRules({ httpProxy, httpsProxy, noProxy })(new URL(url))?.url.host;

describe('which proxy', () => {
  test('goes by the scheme of the URL', () => {
    expect(proxyOf('https://r.test/v2/')).toBe('secure.test:3128');
    expect(proxyOf('http://r.test/v2/')).toBe('plain.test:3128');
    expect(createProxyRules({ httpProxy })(new URL('https://r.test'))).toBeUndefined();
  });

  test.each(['http://localhost:5000', 'https://127.0.0.1', 'http://127.9.9.9', 'http://[::1]:5000'])(
    'none for loopback: %s',
    (url) => {
      expect(proxyOf(url)).toBeUndefined();
    },
  );

  test.each([
    ['r.test', 'https://r.test'],
    ['R.Test', 'https://r.test'],
    ['r.test', 'https://a.b.r.test'],
    ['.r.test', 'https://a.r.test'],
    ['*.r.test', 'https://a.r.test'],
    ['r.test:5000', 'https://r.test:5000'],
    ['r.test:443', 'https://r.test'],
    ['r.test:80', 'http://r.test'],
    ['*', 'https://anything.test'],
    ['a.test, ,r.test', 'https://r.test'],
    ['10.0.0.0/8', 'http://10.200.3.4:5000'],
    ['10.1.2.3', 'http://10.1.2.3'],
    ['10.1.2.3:5000', 'http://10.1.2.3:5000'],
    ['fd00::/8', 'http://[fd12::1]:5000'],
    ['fd12::1', 'http://[fd12::1]:5000'],
    ['[fd12::1]:5000', 'http://[fd12::1]:5000'],
  ])('none for what NO_PROXY lists: %s covers %s', (noProxy, url) => {
    expect(proxyOf(url, noProxy)).toBeUndefined();
  });

  test.each([
    ['r.test', 'https://evil-r.test'],
    ['.r.test', 'https://r.test'],
    ['*.r.test', 'https://r.test'],
    ['r.test:5000', 'https://r.test'],
    ['10.0.0.0/8', 'http://11.0.0.1'],
    ['10.0.0.0/99', 'http://10.0.0.1'],
    ['10.1.2.3:5000', 'http://10.1.2.3'],
    ['10.0.0.0/8', 'http://host10.test'],
    [':5000', 'http://r.test:5000'],
    ['.', 'http://r.test'],
    ['', 'http://r.test'],
  ])('is used for all others: %j does not cover %s', (noProxy, url) => {
    expect(proxyOf(url, noProxy)).toBeDefined();
  });
});

describe('the settings in the environment', () => {
  test('are taken from capitals first, then from lower case', () => {
    expect(
      proxySettings({ HTTP_PROXY: 'a.test:1', http_proxy: 'b.test:1', https_proxy: 'c.test:1' }),
    ).toEqual({
      httpProxy: 'a.test:1',
      httpsProxy: 'c.test:1',
    });
    expect(proxySettings({ HTTPS_PROXY: ' ', no_proxy: 'x' })).toEqual({ noProxy: 'x' });
    expect(proxySettings({})).toEqual({});
  });

  test('may leave out the scheme, and may hold a login', () => {
    expect(parseProxyServer('me:a%40b@proxy.test:3128', 'x')).toMatchObject({
      url: new URL('http://proxy.test:3128'),
      authorization: `Basic ${Buffer.from('me:a@b').toString('base64')}`,
    });
    expect(parseProxyServer('https://me@proxy.test', 'x').authorization).toBe(
      `Basic ${Buffer.from('me:').toString('base64')}`,
    );
  });

  test.each([
    'socks5://me:planted@proxy.test:1080',
    'http://me:planted@',
    'http://me:planted@proxy.test:port',
  ])('that are no proxy are an error that names the variable only: %s', (value) => {
    let error: unknown;
    try {
      proxySettings({ https_proxy: value });
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { setting: 'https_proxy' } });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('planted');
  });
});
