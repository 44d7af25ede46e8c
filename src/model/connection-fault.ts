/**
 * What to look at when a server cannot be reached over TLS, or over none: libraries say it in words of their own, with names
 * of functions and advice about themselves. Pure.
 *
 *   "unable to verify the first certificate; …", https://es1:9200, elasticsearch
 *     → "name the authority that signed the certificate of the server: elasticsearch.ca_file"
 */

/** The reason without what helps nobody, and what to do; a null hint: it is not about TLS. */
export interface ConnectionFault {
  readonly said: string;
  readonly hint: string | null;
}

/** `section` of the installation file that has the address. */
export function connectionFault(
  message: string,
  url: string,
  section: 'redis' | 'elasticsearch' | 'kibana',
): ConnectionFault {
  const said = plainly(message);
  const hint = certificateHint(said, section) ?? (isTls(url) ? plainServerHint(said, url) : tlsServerHint(said, url));
  return { said, hint };
}

/** "40D…:error:0A00010B:SSL routines:f:wrong version number:file:77:" → "wrong version number" */
function plainly(message: string): string {
  const openssl = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1];
  return openssl ?? message.replace(/; if the root CA is installed locally.*$/, '');
}

function certificateHint(said: string, section: string): string | null {
  if (/certificate.required|handshake.failure|bad.certificate/i.test(said))
    return `this server asks its clients for a certificate${section === 'redis' ? ': name one with redis.cert_file and redis.key_file, or set tls-auth-clients no on it' : ', and there is none to name here: let it ask for the key or password alone'}`;
  if (/altname/i.test(said)) return 'write the host into the address as the certificate of the server names it';
  if (/has.expired|not.yet.valid/i.test(said))
    return 'the server needs a certificate that is valid today, or a clock is wrong';
  if (/certificate|self.signed|unable to verify/i.test(said))
    return `name the authority that signed the certificate of the server: ${section}.ca_file`;
  return null;
}

function tlsServerHint(said: string, url: string): string | null {
  if (!/ECONNRESET|socket hang up|closed/.test(said)) return null;
  return `does it speak TLS alone? then the address begins with ${url.startsWith('redis') ? 'rediss' : 'https'}://`;
}

function plainServerHint(said: string, url: string): string | null {
  if (!/wrong version number|packet length|no answer/i.test(said)) return null;
  const plain = url.startsWith('redis') ? 'redis' : 'http';
  return `does it speak TLS at this port? without TLS the address begins with ${plain}://; and is a firewall between?`;
}

function isTls(url: string): boolean {
  return /^(https|rediss):/.test(url);
}
