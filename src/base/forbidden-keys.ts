/**
 * Keys that reach an object's prototype in careless code. Beyond it: ERR_KEY_INVALID, ERR_VALUE_INVALID; from a peer an
 * offence.
 * @test hostile/prototype-pollution
 */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
