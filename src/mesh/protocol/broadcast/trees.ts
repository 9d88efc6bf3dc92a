/**
 * Along which links envelopes are pushed, by tree: one tree that all share and one for each busy origin. After
 * Plumtree (Leitao et al. 2007, section 3) with one departure: a tree takes its shape only from envelopes that
 * say so and go along every link. The neighbor that brings such a one first is the parent; one that brings it again is told
 * to announce only. So one race alone decides, and no two races can prune a member off together.
 */

/** See `OWN_TREE_UPDATES`. More: more origins have trees, and flood to shape them. [measured: bench redundancy] */
export const OWN_TREE_MILLIS = 10_000
/** The tree of an idle origin is forgotten after this. More: memory. */
const TREE_IDLE_MILLIS = 10 * 60_000
/** Origins whose trees are remembered, the least recent dropped. Less: a tree takes its shape anew. */
const ORIGINS_MAX = 4_096

/** The tree of slow and new origins, and of all claims. */
export const SHARED_TREE = 0

const NONE: ReadonlySet<string> = new Set()

interface Tree {
  /** Links along which nothing is pushed: their other side gets everything from elsewhere. */
  lazy: Set<string>
  /** The link that brought the last shape first; undefined at its root. */
  parent: string | undefined
  usedAt: number
}

export class Trees {
  readonly #trees = new Map<number, Tree>()

  constructor() {
    this.#trees.set(SHARED_TREE, { lazy: new Set(), parent: undefined, usedAt: 0 })
  }

  /** Links along which nothing of `tree` is pushed. */
  lazy(tree: number): ReadonlySet<string> {
    return this.#trees.get(tree)?.lazy ?? NONE
  }

  parent(tree: number): string | undefined {
    return this.#trees.get(tree)?.parent
  }

  /** A shaping envelope came over `parent` first, or begins here. */
  shape(tree: number, parent: string | undefined, now: number): void {
    const state = this.#touch(tree, now)
    state.lazy.clear()
    state.parent = parent
  }

  /** An envelope that shapes nothing came over `peer` first, or begins here. */
  use(tree: number, peer: string | undefined, now: number): void {
    const state = this.#touch(tree, now)
    state.parent ??= peer
  }

  /** The other side gets everything of this tree from elsewhere. */
  pruned(tree: number, peer: string, now: number): void {
    this.#touch(tree, now).lazy.add(peer)
  }

  /** The other side wants everything of this tree from here. */
  grafted(tree: number, peer: string, now: number): void {
    this.#touch(tree, now).lazy.delete(peer)
  }

  /** This member asked `peer` for everything of this tree. */
  adopt(tree: number, peer: string): void {
    const state = this.#trees.get(tree)
    if (state) state.parent = peer
  }

  /** A link is new: it carries everything until a shape says otherwise. */
  linked(peer: string): void {
    for (const state of this.#trees.values()) state.lazy.delete(peer)
  }

  /** A link is gone. Returns the trees in use that have lost their parent by it. */
  unlinked(peer: string, now: number): number[] {
    const orphaned: number[] = []
    for (const [tree, state] of this.#trees) {
      state.lazy.delete(peer)
      if (state.parent !== peer) continue
      state.parent = undefined
      if (tree === SHARED_TREE || now < state.usedAt + OWN_TREE_MILLIS) orphaned.push(tree)
    }
    return orphaned
  }

  #touch(tree: number, now: number): Tree {
    const state = this.#trees.get(tree) ?? { lazy: new Set<string>(), parent: undefined, usedAt: now }
    state.usedAt = now
    if (tree === SHARED_TREE) return state
    this.#trees.delete(tree)
    this.#trees.set(tree, state)
    this.#dropOld(now)
    return state
  }

  /** Trees in order of use; the shared one, which stands first, stays. */
  #dropOld(now: number): void {
    for (const [name, state] of this.#trees) {
      if (name === SHARED_TREE) continue
      const fits = this.#trees.size <= ORIGINS_MAX && now < state.usedAt + TREE_IDLE_MILLIS
      if (fits) return
      this.#trees.delete(name)
    }
  }
}
