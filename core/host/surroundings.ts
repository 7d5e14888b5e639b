import { type Environment, present } from './host.ts';

/** What the machine around a step says of the network and of programs; settings are something else. Plain data. */
export interface Surroundings {
  /** Proxies, as programs of this kind have them; absent where none is named. */
  proxy?: { httpProxy?: string; httpsProxy?: string; noProxy?: string };
  /** A file with further certificate authorities in PEM. */
  certificateFile?: string;
}

/**
 * Reads them from an environment, lower-case names first, as curl does. A launcher hands NODE_EXTRA_CA_CERTS on under
 * another name: Node itself would heed it before the role can say whether it counts in this run.
 */
export function surroundingsOf(environment: Environment): Surroundings {
  const named = (...names: string[]): string | undefined =>
    names.map((name) => present(environment[name])).find((value) => value !== undefined);
  // HTTP_PROXY in capitals may be a header of a request where a program is started as CGI; these never are.
  const [httpProxy, httpsProxy, noProxy, certificateFile] = [
    named('http_proxy', 'HTTP_PROXY'),
    named('https_proxy', 'HTTPS_PROXY'),
    named('no_proxy', 'NO_PROXY'),
    named('ROLE_EXTRA_CA_CERTS', 'NODE_EXTRA_CA_CERTS'),
  ];
  return {
    ...(httpProxy === undefined && httpsProxy === undefined
      ? {}
      : {
          proxy: {
            ...(httpProxy === undefined ? {} : { httpProxy }),
            ...(httpsProxy === undefined ? {} : { httpsProxy }),
            ...(noProxy === undefined ? {} : { noProxy }),
          },
        }),
    ...(certificateFile === undefined ? {} : { certificateFile }),
  };
}
