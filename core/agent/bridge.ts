/**
 * Runs a program beside a listener on the loopback of its own network, which hands every connection to a socket: so a client
 * that only knows addresses reaches the one thing outside that it may. It is the agent's own side: nothing here protects
 * anybody. `node bridge.mjs PORT SOCKET PROGRAM ARGUMENTS...`
 */
export const bridgeScript = `
import { spawn } from 'node:child_process';
import net from 'node:net';

// What is typed in a terminal is for the program, and would end this one before it.
for (const name of ['SIGINT', 'SIGQUIT', 'SIGTSTP']) process.on(name, () => undefined);
const [port, socketPath, program, ...args] = process.argv.slice(2);
const server = net.createServer((client) => {
  const upstream = net.connect(socketPath);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  client.pipe(upstream).pipe(client);
});
server.listen(Number(port), '127.0.0.1', () => {
  const child = spawn(program, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(127);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 1);
  });
});
`;
