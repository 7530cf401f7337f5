const maxLength = 63;

/**
 * Makes a valid tag of a text, as GitLab makes `CI_COMMIT_REF_SLUG`: lower case, at most 63 characters, a
 * dash for anything but `0-9` and `a-z`, no dash at either end. Empty if the text has no letter or digit.
 * @see GitLab documentation, "Predefined CI/CD variables reference"
 */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '-')
    .slice(0, maxLength)
    .replace(/^-+|-+$/g, '');
}
