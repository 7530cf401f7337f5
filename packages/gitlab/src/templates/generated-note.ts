/** The text in the first line of every rendered file. */
export const generatedNote = 'generated - edit packages/gitlab, run npm run render';
