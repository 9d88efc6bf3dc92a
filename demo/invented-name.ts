/** Names for tabs that were given none: two words that people can tell apart and say aloud. */

const MANNERS = ['Amber', 'Brave', 'Calm', 'Clever', 'Coral', 'Gentle', 'Happy', 'Ivory', 'Jolly', 'Keen']
const MORE_MANNERS = [
  'Lucky',
  'Mellow',
  'Nimble',
  'Olive',
  'Plucky',
  'Quiet',
  'Rosy',
  'Silver',
  'Swift',
  'Violet',
]
const ANIMALS = ['Badger', 'Crane', 'Dolphin', 'Falcon', 'Fox', 'Gecko', 'Heron', 'Ibex', 'Jackdaw', 'Koala']
const MORE_ANIMALS = ['Lynx', 'Magpie', 'Newt', 'Otter', 'Owl', 'Panda', 'Robin', 'Seal', 'Tapir', 'Wren']

/** A name such as `Quiet Heron`: one of 400. */
export function inventedName(random: () => number): string {
  return `${oneOf([...MANNERS, ...MORE_MANNERS], random)} ${oneOf([...ANIMALS, ...MORE_ANIMALS], random)}`
}

function oneOf(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? ''
}
