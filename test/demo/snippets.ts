/** What to paste into one's own pipeline. */
export const snippets: string = `  Paste this into your own pipeline (any CI; both jobs see the same directory, workspace or artifact):

    pre-pull job, beside the tests:   npx drayage prepull --form packs my/base:1 postgres:16
    deploy job, first step:           npx drayage load
    then, as before:                  docker pull my/base:1 && docker compose up   # nothing left to pull
`;
