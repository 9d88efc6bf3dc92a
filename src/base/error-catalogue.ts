/**
 * Every code of an error, under its class: why it usually happens and what to do. docs/ERRORS.md is made of it, the
 * comments included (`node scripts/errors-doc.mjs`). The codes that only Node meets are in error-catalogue.node.ts: a
 * place hands their text to the error itself, so no browser loads them.
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
    /** The store closes, and every wait for it ends with this error. */
    ERR_WEBRTC_UNAVAILABLE: {
      why: 'WebRTC is missing or switched off here',
      fix: 'Pass an implementation as the option `webrtc`',
    },
    /** The wait between two attempts is random and grows from 0.5 s to 30 s. */
    ERR_SIGNALING_UNREACHABLE: {
      why: 'The server is down, the URL is wrong, or a firewall or mixed content (ws: on an https: page) blocks it',
      fix: 'Start one with "npx gossip-kv signal" and check the option "signaling"; open links go on, and the connection is tried again by itself',
    },
    /**
     * Two processes with one id take turns for some seconds, until the earlier one gets ERR_IDENTITY_TAKEN. A token is
     * good for one connection.
     */
    ERR_SIGNALING_REFUSED: {
      why: 'Another process runs with the same member id, the server wants another token, or this member broke a limit',
      fix: 'Give each process a data folder of its own, and `token` a function that fetches a fresh one; it is tried again by itself',
    },
    /**
     * A browser does not tell a page whether it blocked a connection, so a server that is not running looks the same. A
     * page without https gets `denied` unasked. What pages of which origin may reach:
     * [SIGNALING.md](SIGNALING.md#pages-and-the-local-network).
     */
    ERR_LOCAL_NETWORK_BLOCKED: {
      why: 'A browser lets a page from elsewhere connect to its own machine and network only if its user allows it, and never without https',
      fix: 'Allow the site access to the local network, serve the page over https or from that network, or give signaling a public address; if it is not running, start it. It is tried again by itself',
    },
    /** `refused` among the candidates: the peer offered addresses that `allowAddresses` does not let in. */
    ERR_ICE_FAILED: {
      why: 'A firewall or an address translation lies between the two members',
      fix: 'Add a STUN or TURN server to `iceServers`, unless both members are in one network that should connect them',
    },
    ERR_DIAL_TIMEOUT: {
      why: 'The member has gone, its signals do not arrive, or the path is blocked',
      fix: 'Nothing needs to be done: it is dialed again later',
    },
    ERR_PEER_BUSY: {
      why: 'Many members join at once',
      fix: 'Nothing needs to be done: it is dialed again later',
    },
    /** This member stays alone and asks again later. */
    ERR_CLUSTER_FULL: {
      why: 'The cluster is as large as one may be, or somebody made members up',
      fix: 'Use several clusters; where members cannot be trusted, give the cluster a secret',
    },
    /** `status.name` is `joining` meanwhile. */
    ERR_MEMBER_FULL: {
      why: 'There are more readers than slots: a tab takes 2 and a Node member 32',
      fix: 'This member gets in by itself when a slot is free; start a Node member that writes, or one more tab',
    },
    ERR_LINK_CLOSED: {
      why: 'The network failed, the process or tab of the peer ended, or a newer link took its place',
      fix: 'Nothing needs to be done: links are repaired by themselves, and nothing is lost',
    },
    ERR_LINK_OVERLOADED: {
      why: 'The peer takes less than it is sent: its network or its process is too slow, or stands still',
      fix: 'Nothing needs to be done: it is linked and synced anew, and nothing is lost',
    },
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
  ProtocolError: {
    ERR_FRAME_MALFORMED: {
      why: 'The peer runs a broken or foreign implementation',
      fix: 'Update that member: its link is closed, and no data was touched',
    },
    ERR_FRAME_TOO_LARGE: {
      why: 'The peer does not cut its messages: it runs a broken or foreign implementation',
      fix: 'Update that member: its link is closed, and nothing was allocated',
    },
    ERR_VERSION_MISMATCH: {
      why: 'The members run different major versions of gossip-kv',
      fix: 'Update the older one; members of the same version go on',
    },
    ERR_SIGNAL_MALFORMED: {
      why: 'The peer runs a broken or foreign implementation',
      fix: 'Update that member if it stays so: the attempt has ended, and it is dialed again later',
    },
    ERR_REASSEMBLY_LIMIT: {
      why: 'The peer is broken, or the path to it is slower than a link may be',
      fix: 'Nothing needs to be done: its link is closed and dialed anew',
    },
  },
  StorageError: {
    /**
     * If the state can be read around the damage, it is a warning: the member starts with what is whole and keeps a
     * damaged snapshot with the ending `.damaged`. If no snapshot is whole, it does not start.
     */
    ERR_DATA_CORRUPT: {
      why: 'The disk damaged it, or something else wrote to it',
      fix: 'Check the disk: what is missing comes back from the other members, and nothing was deleted',
    },
    /**
     * A warning at start in a browser. Clearing all data of a site is no loss that can be noticed. A page that deletes the
     * database on purpose removes the item `gossip-kv:NAME` of `localStorage` as well.
     */
    ERR_DATA_LOST: {
      why: 'The browser found the databases of this site damaged and dropped them, or the database was deleted',
      fix: 'Nothing needs to be done: the member takes a new identity, and the state from the other members. What only this one had is lost',
    },
    /** With an `optional` persistence the member serves from memory. A lock that a crash left is taken over. */
    ERR_DATA_LOCKED: {
      why: 'Two members with one place to store would have one identity',
      fix: 'Stop the other one, or give this one another place',
    },
    /**
     * At start the member does not start, unless the persistence is `optional`. Later it goes on in memory, shows
     * `status.persisted: false` and `status.storageError`, and tries again every 2 s with a whole snapshot in new files.
     */
    ERR_DATA_UNWRITABLE: {
      why: 'The disk is read-only, broken or gone, or belongs to another user, or the browser has storage switched off',
      fix: 'Make it writable, or give another place: the state in memory is not affected, and is saved again as soon as that works',
    },
    ERR_DATA_FULL: {
      why: 'The disk, or the quota of this user or site, is full',
      fix: 'Make room: the state in memory is not affected, and is saved again as soon as that works',
    },
    /** An open cluster that gets a secret takes its data along by a checkpoint: nobody takes over the ids of open members. */
    ERR_DATA_SEALED: {
      why: 'It was stored under another secret, or without one, or was changed since',
      fix: 'Give the secret that it was stored under, or another place to store. Nothing was changed',
    },
    ERR_CHECKPOINT_MISSING: {
      why: 'It was removed, has made way for newer ones, or is kept by another member',
      fix: 'Take an id or a label from checkpoints.list()',
    },
    ERR_CHECKPOINT_INVALID: {
      why: 'The bytes were damaged, cut, or never were a checkpoint of gossip-kv',
      fix: 'Use another checkpoint, and remove this one by its id; nothing was changed',
    },
    ERR_CHECKPOINT_VERSION: {
      why: 'A newer version of gossip-kv wrote it',
      fix: 'Read it with that version; nothing was changed',
    },
    ERR_CHECKPOINT_SEALED: {
      why: 'It was made under another secret or without one, or its key was removed',
      fix: 'Give the secret that it was made under; one that was made without a secret is exported without it. Nothing was changed',
    },
  },
  AuthError: {
    /**
     * The message says which member, and what its handshake lacks. A proof that does not hold with the right secret on both
     * sides means that somebody stands between the two: distrust that signaling server.
     */
    ERR_AUTH_FAILED: {
      why: 'It does not prove that it belongs to this cluster',
      fix: 'Give every member of the cluster the same `cluster` and `secret`, and the same version',
    },
    ERR_AUTH_REFUSED: {
      why: 'The two have different cluster names, secrets or roles',
      fix: 'Compare cluster name, secret and role of both; the link is tried again by itself',
    },
    /** Links go on for up to 60 s. */
    ERR_AUTH_EPOCH: {
      why: 'A rotation of the keys was missed',
      fix: 'Install the key that is missing, with store.keys.install() or "gossip-kv keys install"',
    },
    ERR_SIGNATURE_INVALID: {
      why: 'The member that passed it on forges, or its program is broken: honest members check before they pass on',
      fix: 'Find out who runs it: its link is closed and it is refused for ten minutes',
    },
    /**
     * `status.name` is `offline` for good; what the member holds can still be read, exported and saved. It is no guess: the
     * other one has answered a question that only the holder of this member's key can answer (ADR 11).
     */
    ERR_IDENTITY_TAKEN: {
      why: 'Its data folder or stored identity was copied, so that both have one key and one id',
      fix: 'Stop one of the two, give it a data folder of its own without the copied identity, and start it anew',
    },
    ERR_CRYPTO_UNAVAILABLE: {
      why: 'Browsers offer WebCrypto to secure pages alone: https, or http on localhost',
      fix: 'Serve the page over https',
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
