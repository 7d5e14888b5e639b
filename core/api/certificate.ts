import net from 'node:net';
import tls from 'node:tls';
import { UserError } from '../errors.ts';

/**
 * Until when the certificate of a server is valid, in ISO 8601. Nothing is sent on this connection, so the certificate need not be
 * one that is trusted: requests find that out themselves. It goes straight there, through no proxy.
 */
export function certificateExpiry({ hostname, port }: URL, timeoutMs = 10_000): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new UserError(`The certificate of ${hostname} could not be looked at: ${why}.`));
    };
    const socket = tls.connect({
      host,
      port: port === '' ? 443 : Number(port),
      rejectUnauthorized: false,
      // A name only: an address is no server name.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
    });
    // Of the whole of it: a server may take a connection and then say nothing.
    socket.setTimeout(timeoutMs, () => fail('it did not answer in time'));
    socket.once('error', (error) => fail('code' in error ? String(error.code) : error.name));
    socket.once('secureConnect', () => {
      const expiry = Date.parse(socket.getPeerCertificate().valid_to);
      if (Number.isNaN(expiry)) return fail('it does not say until when it is valid');
      socket.destroy();
      resolve(new Date(expiry).toISOString());
    });
  });
}
