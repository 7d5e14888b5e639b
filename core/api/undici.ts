// The parts of undici that connections are made of: together, so that they become one file beside a compiled role, loaded
// when a forge is asked. Not by the package's own entry, which brings fetch, WebSockets, caches and mocks along (docs/adr/0014)
// and makes itself what Node's own fetch sends with, in the whole process.
export { default as connect } from 'undici/lib/api/api-connect.js';
export { default as EnvHttpProxyAgent } from 'undici/lib/dispatcher/env-http-proxy-agent.js';
export { default as Pool } from 'undici/lib/dispatcher/pool.js';
