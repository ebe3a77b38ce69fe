const PALETTES = [
  ['#f3e3d3', '#b5533c', '#8c3a2b'],
  ['#dfe7e4', '#5b7f79', '#37564f'],
  ['#efe6c8', '#c08a2e', '#8a5d17'],
  ['#e2e2ee', '#5a628f', '#383f66'],
] as const

/** A picture of a product, drawn from its kind and number. */
export function drawProduct(kind: string, id: number): string {
  const [sky, body, shade] = PALETTES[id % PALETTES.length] ?? PALETTES[0]
  const draw = SHAPES[kind] ?? drawWall
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 220" role="img" aria-label="${SHAPES[kind] ? kind : 'wall'}">
<rect width="320" height="220" fill="${sky}"/>
<circle cx="${50 + ((id * 47) % 220)}" cy="46" r="22" fill="#fff" opacity="0.7"/>
<path d="M0 190h320v30H0z" fill="${shade}" opacity="0.25"/>
${draw(body, shade, id)}
</svg>
`
}

const SHAPES: Readonly<Record<string, (body: string, shade: string, id: number) => string>> = {
  wall: drawWall,
  brick: (body, shade) =>
    `<path d="M70 110l40-26h150l-40 26z" fill="${body}" opacity="0.75"/><path d="M220 110l40-26v62l-40 34z" fill="${shade}"/>
<rect x="70" y="110" width="150" height="70" fill="${body}"/>`,
  gate: (body, shade) =>
    `<path d="M84 190V100a76 76 0 0 1 152 0v90z" fill="${shade}"/><path d="M96 190v-88a64 64 0 0 1 128 0v88z" fill="${body}"/>
<path d="M160 40v150M128 60v130M192 60v130M96 130h128" stroke="${shade}" stroke-width="5" fill="none"/><circle cx="172" cy="136" r="5" fill="#fff"/>`,
  lantern: (body, shade) =>
    `<path d="M160 34v20M126 74l34-22 34 22z" stroke="${shade}" stroke-width="6" fill="${shade}"/><rect x="128" y="76" width="64" height="92" rx="6" fill="#fff3b8" stroke="${shade}" stroke-width="6"/>
<path d="M160 96c16 18 16 36 0 46-16-10-16-28 0-46z" fill="${body}"/><rect x="118" y="168" width="84" height="16" rx="4" fill="${shade}"/>`,
  tool: (body, shade) =>
    `<path d="M92 160l70-70 40 40z" fill="${body}"/><path d="M182 110l44-44" stroke="${shade}" stroke-width="14" stroke-linecap="round"/>`,
}

function drawWall(body: string, shade: string, id: number): string {
  let bricks = ''
  for (let row = 0; row < 5; row++) {
    for (let column = -1; column < 6; column++) {
      const x = 30 + column * 52 + (row % 2) * 26
      const left = Math.max(30, x)
      const width = Math.min(x + 48, 290) - left
      if (width <= 4) continue
      const fill = (row * 7 + column * 3 + id) % 5 === 0 ? shade : body
      bricks += `<rect x="${left}" y="${80 + row * 22}" width="${width}" height="19" rx="2" fill="${fill}"/>`
    }
  }
  return bricks
}
