/** The only argument of a relay process; not a command for users. */
export const relayArgument = '--relay-of-an-engine-beside';
