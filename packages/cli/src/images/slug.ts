const maxLength = 63;

/**
 * Text as a valid tag, the way GitLab makes `CI_COMMIT_REF_SLUG`: lower case, at most 63 characters, everything but `0-9` and `a-z` a dash,
 * no dash at either end. Empty for text without a letter or digit.
 * @see GitLab documentation, "Predefined CI/CD variables reference"
 */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '-')
    .slice(0, maxLength)
    .replace(/^-+|-+$/g, '');
}
