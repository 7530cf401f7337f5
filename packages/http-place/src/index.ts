export { createHttpTransport, type HttpTransportOptions } from './http-transport.ts';
export { loginInNetrc } from './netrc.ts';
