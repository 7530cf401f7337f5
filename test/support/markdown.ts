import GithubSlugger from 'github-slugger';
import { lexer, walkTokens, type Token } from 'marked';

/** What a Markdown page refers to, and what can be referred to in it. */
export interface MarkdownPage {
  /** Targets of links and images, as they are written. */
  readonly links: readonly string[];
  /** Fragments of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** Texts of code blocks and of inline code. */
  readonly code: readonly string[];
}

/** Reads a page of GitHub Flavored Markdown. */
export function readMarkdown(text: string): MarkdownPage {
  const [links, code]: [string[], string[]] = [[], []];
  const anchors = new Set<string>();
  const slugger = new GithubSlugger();
  void walkTokens(lexer(text), (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(String(token['href']));
    if (token.type === 'code' || token.type === 'codespan') code.push(String(token['text']));
    if (token.type === 'heading') anchors.add(slugger.slug(plainText(token)));
  });
  return { links, anchors, code };
}

/** The text of a token without its marks. */
function plainText(token: Token): string {
  if ('tokens' in token && Array.isArray(token.tokens)) return token.tokens.map(plainText).join('');
  return 'text' in token ? String(token.text) : '';
}
