/**
 * Senders that a listener does not let in, and why: counted all, told once each until they come in. Who is let in with
 * difficulty is a county that set something up half, or a stranger; both are many, so that few are remembered.
 *
 *   192.0.2.7 without a certificate → "a sender was turned away: 192.0.2.7 shows no certificate", once
 */
import type { OriginCounts } from './ingest-counts.ts';
import type { Notices } from './notices.ts';

/** Addresses that are told of one listener at a time; of more the count. */
const TOLD_MAX = 100;

/** Why, and what to do. */
export interface Refusal {
  readonly why: string;
  readonly hint: string;
}

/** Keeps the door of one listener. */
export interface Door {
  /** Counts and tells it. */
  turnAway(address: string, refusal: Refusal): void;
  /** A sender at this address came in: what was told of it is over. */
  letIn(address: string): void;
}

/** The door of a listener by its name. */
export function createDoor(name: string, counts: OriginCounts, notices: Notices): Door {
  const told = new Set<string>();
  const titleOf = (address: string) => `${name} ${address}`;
  return {
    turnAway(address, { why, hint }) {
      counts.turnedAway++;
      if (told.has(address) || told.size >= TOLD_MAX) return;
      told.add(address);
      notices.begin(titleOf(address), 'PW-INGEST-PEER', `a sender was turned away: ${address} ${why}`, hint);
    },
    letIn(address) {
      if (told.delete(address)) notices.end(titleOf(address), 'PW-INGEST-PEER', `${address} is let in`);
    },
  };
}

export const TOO_MANY: Refusal = {
  why: 'has too many connections, or all together have',
  hint: 'a listener takes 1024, and 64 from one address: put a relay in front, or another listener beside it',
};
export const NO_PEER: Refusal = {
  why: 'fits none of the peers',
  hint: 'add its network or the name in its certificate to peers, or leave peers_only out',
};
export const NO_FRAMING: Refusal = {
  why: 'began to count octets and then did not',
  hint: 'have it send octet-counted messages (RFC 6587) or one message a line, not both over one connection',
};

/**
 * What is said of a handshake that came to nothing: by the code of the error and, where a certificate was shown and is not the
 * right one, by what the check of it said. Null: nobody was turned away, who was there has left (a port that is looked at).
 */
export function tlsRefusal(code: string, check: string | null): Refusal | null {
  if (check !== null) return certificateRefusal(check);
  if (code === 'ECONNRESET') return null;
  if (/DID_NOT_RETURN_A_CERTIFICATE/.test(code)) {
    const hint = 'give it a certificate of the authority that client_ca_file of this listener names';
    return { why: 'shows no certificate', hint };
  }
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/.test(code)) {
    return {
      why: 'does not trust our certificate',
      hint: 'give it the authority that signed cert_file of this listener',
    };
  }
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNEXPECTED_MESSAGE|RECORD/.test(code)) {
    return { why: 'does not speak TLS', hint: 'have it send over TLS, or add a listener with transport: tcp' };
  }
  if (/UNSUPPORTED_PROTOCOL|VERSION|NO_SHARED_CIPHER/.test(code)) {
    return { why: `speaks no TLS that is safe today (${code})`, hint: 'it has to speak TLS 1.2 or newer' };
  }
  return { why: `broke off while TLS was set up (${code})`, hint: 'its own log says why' };
}

function certificateRefusal(code: string): Refusal {
  if (/EXPIRED|NOT_YET_VALID/.test(code)) {
    return {
      why: `shows a certificate that is not valid today (${code})`,
      hint: 'give it a new one, or set its clock',
    };
  }
  const hint = 'client_ca_file of this listener has to name the authority that signed it';
  return { why: `shows a certificate of another authority (${code})`, hint };
}
