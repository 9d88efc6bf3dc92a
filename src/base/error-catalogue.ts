/**
 * Every code of an error, under its class: why it usually happens and what to do. docs/ERRORS.md is made of it, the
 * comments included (`node scripts/errors-doc.mjs`). The codes that only the mesh, storage or Node meet have catalogues of
 * their own: a place hands their text to the error itself, so it is loaded with the place.
 */

/** Why an error usually happens and what to do about it. */
export interface ErrorText {
  why: string
  fix: string
}

type Table = Readonly<Record<string, Readonly<Record<string, ErrorText>>>>

export const CATALOGUE = {
  UsageError: {
    /** `batch()` throws it for an asynchronous function, HTTP for `If-Match` and its like. */
    ERR_OPTION_INVALID: {
      why: 'An option, argument, variable or header has a value that it cannot have',
      fix: 'Correct it and try again: nothing was opened or changed',
    },
    ERR_OPTION_UNKNOWN: {
      why: 'The name is misspelled, or belongs to another version or command',
      fix: 'Use one of the known names',
    },
    ERR_URL_INVALID: {
      why: 'A signaling server is reached by WebSocket',
      fix: 'Give a URL such as ws://localhost:4444 or wss://signaling.example.org, without a fragment',
    },
    ERR_KEY_INVALID: {
      why: 'Keys travel to every member and become names in plain objects',
      fix: 'Use a well-formed string of 1 to 512 bytes of UTF-8, and base64 for other bytes; nothing was written',
    },
    /** A value has at most 32 levels. What was written into the Y.Doc itself is undone. */
    ERR_VALUE_INVALID: {
      why: 'A value is JSON (null, boolean, finite number, well-formed string, array, plain object) or a Uint8Array',
      fix: 'Convert it first, for example a Date with toISOString(); nothing was written',
    },
    ERR_TOO_LARGE: {
      why: 'Everything travels whole to every member, so there are limits (docs/LIMITS.md)',
      fix: 'Split it over several keys, or store a reference to it; nothing was written',
    },
    ERR_SYS_READONLY: {
      why: '`sys` shows what the members say of themselves, and each member writes only its own record',
      fix: 'Write to `usr`, and describe this member by the options name, zone and meta; nothing was changed',
    },
    ERR_STORE_CLOSED: {
      why: 'close() was called, or its signal was aborted',
      fix: 'Make a new store with createStore(); what this one holds can still be read',
    },
    /** Writes of other members are still merged, so that all stay equal. */
    ERR_FULL: {
      why: 'Every member keeps everything in memory, so there are limits (docs/LIMITS.md)',
      fix: 'Delete keys, or keep large things elsewhere and store references',
    },
    ERR_DUPLICATE_YJS: {
      why: 'A bundler or a package manager resolved yjs twice, and the classes of the two copies do not know each other',
      fix: 'Run `npm ls yjs`, deduplicate it, or alias yjs to one path in the bundler',
    },
    ERR_FOREIGN_WRITE: {
      why: 'Only `usr` is replicated, so the write was undone',
      fix: 'Write to `usr`, or keep other shared types in a document of their own',
    },
    ERR_CONTEXT_MISSING: {
      why: 'The component is not inside a provider, or two copies of gossip-kv are loaded',
      fix: 'Provide a store above the component',
    },
    ERR_NOT_STARTED: {
      why: 'The store was made with autoStart: false',
      fix: 'Call start() first',
    },
    /** In tests: the store is not a member of the test cluster or, for `restart()`, is still open. */
    ERR_MEMBER_UNKNOWN: {
      why: 'It has left or died, or it never was in this cluster',
      fix: "Take an id of members.list(), or '*' for everyone; nothing was sent",
    },
    ERR_RATE_LIMITED: {
      why: 'Messages share the links with everything else',
      fix: 'Send fewer and larger ones, or again after a pause; this one was not sent',
    },
    ERR_AWARENESS_MISSING: {
      why: 'The store was made without the option `awareness`, so that pages without an editor do not load y-protocols',
      fix: "import { awareness } from 'gossip-kv/awareness' and pass it: createStore({ awareness, ... })",
    },
    /** The text of a secret never stands in a message. */
    ERR_SECRET_INVALID: {
      why: 'A secret is 32 random bytes in base64url, never a password, and all secrets of a keyring are of one cluster and one role',
      fix: 'Make one with "npx gossip-kv keygen", the next of a cluster with "npx gossip-kv keygen --next", and pass it whole',
    },
    ERR_SECRET_MISSING: {
      why: 'Off this machine, everybody who knows the name of a cluster without a secret reads and writes it',
      fix: "Pass `secret` (npx gossip-kv keygen makes one), or say security: 'open'",
    },
    ERR_KEY_UNKNOWN: {
      why: 'A rotation goes install, use, remove: each on every member before the next',
      fix: 'Do the step before this one first, on every member',
    },
    ERR_READ_ONLY: {
      why: 'The secret of readers, or the option `role`, lets a member read and not write',
      fix: "Write at a member that has the writers' secret; nothing was written",
    },
  },
  TransportError: {
    ERR_SYNC_TIMEOUT: {
      why: 'Nobody can be reached, or others write without a pause',
      fix: 'Check status and lastError, or give it more time; the store works meanwhile and goes on trying',
    },
    /** Everything else is merged. The event `error` tells it once. */
    ERR_CLOCK_SKEW: {
      why: 'The clock of this machine is far behind, or that of a writer is far ahead',
      fix: 'Set the clocks; what a far clock has stamped can go on under a new member by an export and import of its checkpoint',
    },
    /** `acked` and `missing` of the error are the ids of the writers. */
    ERR_REPLICATION_TIMEOUT: {
      why: 'Too few other writers can be reached',
      fix: 'The writes stay and go on spreading: check members and status, ask for fewer, or wait longer',
    },
    ERR_ABORTED: {
      why: 'Its signal was aborted, its time ran out, or the store was closed',
      fix: 'Wait longer, or again on an open store: nothing was changed',
    },
  },
  InternalError: {
    ERR_LISTENER_THREW: {
      why: 'A function that the application handed to subscribe(), on() or an observer has an error',
      fix: 'Mend it: see the cause; the data was changed all the same, and the other listeners are not affected',
    },
    ERR_COMPACTION_DISABLED: {
      why: 'This version of yjs keeps its structs in another form than the supported one',
      fix: 'Install yjs ~13.6.33; until then every overwrite costs memory',
    },
    /** At start the store closes. */
    ERR_INTERNAL: {
      why: 'There is an error in gossip-kv or in an adapter handed to it',
      fix: 'Please report it with the cause',
    },
  },
} as const satisfies Table
