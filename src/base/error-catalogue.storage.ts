/** The codes of errors that only storage and checkpoints meet, as error-catalogue.ts has the others. */
export const STORAGE_CATALOGUE = {
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
} as const
