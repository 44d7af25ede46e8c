/** Words of libraries about connections, as servers that were set up wrong made them, and what is said of them. */
import { expect, it } from 'vitest';
import { connectionFault } from '../../src/model/connection-fault.ts';

it.each([
  [
    'unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
    'https://es1:9200',
    'elasticsearch',
    'unable to verify the first certificate',
    'elasticsearch.ca_file',
  ],
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 407D:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/a.c:918:SSL alert number 116',
    'rediss://r:6379',
    'redis',
    'tlsv13 alert certificate required',
    'redis.cert_file and redis.key_file',
  ],
  [
    'write EPROTO 40CD:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:a.c:77:',
    'https://kibana:5601',
    'kibana',
    'wrong version number',
    'begins with http://',
  ],
  ['socket hang up', 'http://kibana:5601', 'kibana', 'socket hang up', 'begins with https://'],
  ['other side closed - Local: 127.0.0.1:3', 'http://es:9200', 'elasticsearch', 'other side closed', 'https://'],
  ['certificate has expired', 'https://es:9200', 'elasticsearch', 'certificate has expired', 'valid today'],
  ["ALTNAME_INVALID: does not match certificate's altnames", 'rediss://r', 'redis', 'ALTNAME', 'as the certificate'],
] as const)('%s at %s', (message, url, section, said, hint) => {
  const fault = connectionFault(message, url, section);
  expect(fault.said).toContain(said);
  expect(fault.said).not.toMatch(/SSL routines|Node\.js/);
  expect(fault.hint).toContain(hint);
});

it('has nothing to say of a server that is away', () => {
  const message = 'connect ECONNREFUSED 127.0.0.1:9200';
  expect(connectionFault(message, 'https://127.0.0.1:9200', 'elasticsearch')).toEqual({ said: message, hint: null });
});
