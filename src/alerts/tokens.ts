/**
 * Tokens that stand for values which are not shown: keyed, so that nobody can try names against them, and equal for equal
 * values.
 */
import { createHmac, createSecretKey } from 'node:crypto';

/** A value (latin1) → its token, e.g. "~a1b2c3d4". */
export type Token = (value: string) => string;

/** Values whose tokens are remembered; forgotten all at once when full, which costs time only. */
const TOKENS_MAX = 20_000;

/** Tokens of one organisation: HMAC-SHA-256 of the value, cut to 32 bits, as eight hex digits behind a tilde. */
export function createTokens(secret: string | Uint8Array): Token {
  const key = createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret);
  const known = new Map<string, string>();
  return (value) => {
    let token = known.get(value);
    if (token === undefined) {
      token = `~${createHmac('sha256', key).update(value, 'latin1').digest('hex').slice(0, 8)}`;
      if (known.size >= TOKENS_MAX) known.clear();
      known.set(value, token);
    }
    return token;
  };
}
