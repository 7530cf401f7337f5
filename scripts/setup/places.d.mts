/** The checkout this script belongs to. */
export const repository: string;

/** What set-up fetches once per user: engines and the registry. */
export const cache: string;
