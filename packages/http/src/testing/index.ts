export { createTestCertificate } from './certificate.ts';
export { testClock, type TestClock } from './clock.ts';
export { startConnectProxy, type ConnectProxy, type ConnectProxyOptions } from './connect-proxy.ts';
