import { describe, expect, test } from '@jest/globals';
import { loginInNetrc } from './netrc.ts';

const text = `# a comment
machine other.test login them password planted-1
machine files.test
  login us
  password planted-2
macdef init
  machine files.test login macro

default login any password planted-3
`;

describe('the login of a host in .netrc', () => {
  test.each([
    ['files.test', { username: 'us', password: 'planted-2' }],
    ['other.test', { username: 'them', password: 'planted-1' }],
    ['unknown.test', { username: 'any', password: 'planted-3' }],
  ])('%s is %j', (host, login) => {
    expect(loginInNetrc(text, host)).toEqual(login);
  });

  test('is undefined without an entry', () => {
    expect(loginInNetrc('machine a login b', 'c')).toBeUndefined();
  });
});
