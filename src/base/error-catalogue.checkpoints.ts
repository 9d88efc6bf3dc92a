/** The codes of errors that only checkpoints meet, as error-catalogue.ts has the others. */
export const CHECKPOINT_CATALOGUE = {
  StorageError: {
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
