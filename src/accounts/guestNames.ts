// Names for people who come without an account.

export interface GuestName {
  /** A candidate, as `quiet-otter-4821`: it may be taken. */
  readonly username: string
  /** As `Quiet Otter`. */
  readonly displayName: string
}

/** How many random bytes a guest's name takes. */
export const guestNameBytes = 6

/**
 * The name that these bytes give: 64 adjectives, 64 animals and 9,000 numbers make 36.9 million.
 * @throws RangeError for fewer than `guestNameBytes` bytes
 */
export function guestName(random: Uint8Array): GuestName {
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength)
  const adjective = pick(adjectives, view.getUint8(0))
  const animal = pick(animals, view.getUint8(1))
  const number = 1000 + (view.getUint32(2) % 9000)
  return {
    username: `${adjective}-${animal}-${number}`,
    displayName: `${capitalised(adjective)} ${capitalised(animal)}`,
  }
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function pick(words: readonly string[], byte: number): string {
  const word = words[byte % words.length]
  if (word === undefined) throw new RangeError('There are no words to choose from.')
  return word
}

// 64 of each, so that every byte chooses fairly.
const adjectives =
  `able agile amber apt bold brave breezy bright brisk calm candid careful cheerful clever cosy crisp curious daring
  dapper deft eager early easy fair fleet fond frank free fresh friendly gentle glad golden graceful happy hardy honest
  jolly jovial keen kind lively lucky mellow merry mild neat nimble noble patient placid plucky polite proud quick quiet
  ready serene silver steady sunny swift warm wise`.split(/\s+/)
const animals =
  `badger bat bear beaver bee bison bluejay camel cat crab crane cricket deer dolphin dove dragonfly duck eagle egret
  falcon ferret finch firefly fox gecko goose hare hawk hedgehog heron ibex ibis jay kestrel kingfisher koala lark lemur
  llama lynx magpie marten mole moose newt otter owl panda penguin plover puffin rabbit raven robin salmon seal sparrow
  squirrel starling stork swallow swan turtle wren`.split(/\s+/)
