/** Keys that reach an object's prototype in careless code; refused in every object that comes from outside. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
