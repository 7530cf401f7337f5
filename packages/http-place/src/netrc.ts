import type { Login } from './location.ts';

/**
 * The login of a host in the text of a `.netrc` file, or that of its `default`. Comments and macros are
 * skipped.
 * @see https://everything.curl.dev/usingcurl/netrc.html
 */
export function loginInNetrc(text: string, host: string): Login | undefined {
  const lines = text.replace(/^macdef[^\n]*\n(?:[^\n]+\n)*/gm, '').split('\n');
  const words = lines
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/\s+/))
    .filter((word) => word !== '');
  let isWanted = false;
  const found = new Map<string, string>();
  for (let position = 0; position < words.length; position += 1) {
    const word = words[position] ?? '';
    if (word === 'machine' || word === 'default') {
      if (found.has('login')) break;
      found.clear();
      isWanted = word === 'default' || words[position + 1] === host;
      if (word === 'machine') position += 1;
    } else if (['login', 'password', 'account'].includes(word)) {
      position += 1;
      if (isWanted) found.set(word, words[position] ?? '');
    }
  }
  const username = found.get('login');
  return username === undefined ? undefined : { username, password: found.get('password') ?? '' };
}
