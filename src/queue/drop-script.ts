/**
 * Giving up something that stands in the dead letters with a body of its own, as a script of one
 * step.
 */

/** KEYS dead, dead bodies, stats; ARGV id of what is called `kind` there → 'dropped' or 'unknown'. `counter`: what is counted. */
export const dropScript = (kind: 'record' | 'doc', counter: string) => `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], '${kind}:' .. ARGV[1]) == 0 then return 'unknown' end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[3], '${counter}', 1)
return 'dropped'
`;
