/**
 * What the browser computes, as the text of a function: looks at so many nonces from one on, and gives the first that is a
 * solution, or -1. Seed (43 characters) and eight digits fit in one block of SHA-256 (FIPS 180-4), written out here since
 * the browser's own is asynchronous and many times slower for short messages, and is absent on plain HTTP.
 */
export const SOLVER = `function (seed, bits) {
  var table = '428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174' +
    'e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca635114292967' +
    '27b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070' +
    '19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2'
  var k = new Int32Array(64), w = new Int32Array(64), i
  for (i = 0; i < 64; i++) k[i] = parseInt(table.substr(8 * i, 8), 16)
  for (i = 0; i < 43; i++) w[i >> 2] |= seed.charCodeAt(i) << (24 - 8 * (i & 3))
  var last = w[10]
  w[15] = 51 * 8
  return function (from, count) {
    for (var n = from; n < from + count && n < 100000000; n++) {
      var r = n, d7 = r % 10; r = (r - d7) / 10
      var d6 = r % 10; r = (r - d6) / 10
      var d5 = r % 10; r = (r - d5) / 10
      var d4 = r % 10; r = (r - d4) / 10
      var d3 = r % 10; r = (r - d3) / 10
      var d2 = r % 10; r = (r - d2) / 10
      var d1 = r % 10
      w[10] = last | (48 + (r - d1) / 10)
      w[11] = 0x30303030 + ((d1 << 24) | (d2 << 16) | (d3 << 8) | d4)
      w[12] = 0x30303080 + ((d5 << 24) | (d6 << 16) | (d7 << 8))
      var a = 0x6a09e667, b = 0xbb67ae85 | 0, c = 0x3c6ef372, d = 0xa54ff53a | 0
      var e = 0x510e527f, f = 0x9b05688c | 0, g = 0x1f83d9ab, h = 0x5be0cd19
      for (var j = 0; j < 64; j++) {
        if (j > 15) {
          var x = w[j - 15], y = w[j - 2]
          w[j] = (w[j - 16] + w[j - 7] +
            (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
            (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0
        }
        var t = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
          ((e & f) ^ (~e & g)) + k[j] + w[j]) | 0
        var u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
          ((a & b) ^ (a & c) ^ (b & c))) | 0
        h = g; g = f; f = e; e = (d + t) | 0
        d = c; c = b; b = a; a = (t + u) | 0
      }
      if ((a + 0x6a09e667) >>> (32 - bits) === 0) return n
    }
    return -1
  }
}`

/** The whole script of the page: computes in short turns, shows how far it is, and sends the form when it is done. */
export const CHALLENGE_SCRIPT = `(function () {
var form = document.getElementById('answer'), bar = document.getElementById('bar')
var token = form.elements.token.value, bits = Number(form.getAttribute('data-bits'))
var run = (${SOLVER})(token.slice(-43), bits)
var next = 10000000, first = next, average = Math.pow(2, bits), turns = new MessageChannel()
document.getElementById('working').hidden = false
turns.port1.onmessage = function () {
  var end = Date.now() + 15, found
  do { found = run(next, 1000); next += 1000 } while (found < 0 && next < 100000000 && Date.now() < end)
  bar.value = found < 0 ? 1 - Math.exp((first - next) / average) : 1
  if (found >= 0) { form.elements.nonce.value = String(found); form.submit() }
  else if (next < 100000000) turns.port2.postMessage(0)
}
turns.port2.postMessage(0)
})()`
