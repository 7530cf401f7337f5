// Of a library in CommonJS, a bundler gives only the default export when it is imported dynamically; this module is what is.
export { Client, Metadata, credentials } from '@grpc/grpc-js';
