/**
 * Where labelled checkpoints are kept: bytes by name. An adapter does not know what they mean. Two entries make one
 * checkpoint, a small head and the state, so that a list reads no state.
 */

/** A place for bytes by name. Names are 1 to 64 characters of a-z, 0-9, dot and hyphen. */
export interface CheckpointStorage {
  /** All names, in no particular order. */
  list(): Promise<readonly string[]>
  /** The bytes of a name; undefined when there are none. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Keeps bytes as a whole or not at all; replaces what was there. They survive the process where the place does. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Removes a name; one that is not there is no error. */
  remove(name: string): Promise<void>
}

/**
 * What `unstorage` offers (and with it Redis, S3, Azure, Cloudflare, Vercel, a folder ...), as far as it is used:
 * `createStorage({ driver })` can be handed in as it is.
 */
export interface RawKeyValueStorage {
  getKeys(base?: string): Promise<string[]>
  getItemRaw(key: string): Promise<unknown>
  setItemRaw(key: string, value: Uint8Array): Promise<void>
  removeItem(key: string): Promise<void>
}
