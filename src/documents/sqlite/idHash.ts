// A number that stands for an id in the index of a collection.
//
// Ids are long and random: an index over 10⁶ of them takes 60 MB, and filling a collection dirties most of its pages with
// each transaction. Over these numbers it takes a quarter. Two ids may have the same one, so the id is always compared too.

/** 47 bits of the id: SQLite stores that in six bytes at most. cyrb53 (bryc, public domain), cut. */
export function idHash(id: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let index = 0; index < id.length; index++) {
    const unit = id.charCodeAt(index)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (b & 0x7fff) * 0x1_0000_0000 + (a >>> 0)
}
