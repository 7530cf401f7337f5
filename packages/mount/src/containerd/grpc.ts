// Bundlers expose only the default export of a dynamically imported CommonJS module. This module imports it
// statically, and is itself imported dynamically.
export { Client, Metadata, credentials } from '@grpc/grpc-js';
