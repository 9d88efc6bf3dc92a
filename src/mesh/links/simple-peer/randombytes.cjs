/** What simple-peer uses of the package `randombytes`, for browsers: random bytes that are written in hexadecimal. */
module.exports = (count) => {
  const bytes = crypto.getRandomValues(new Uint8Array(count))
  return { toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') }
}
