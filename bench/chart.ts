/** Charts as small SVG files: curves or bars over axes that begin at 0. */

export interface Series {
  name: string
  color: string
  /** Points in ascending order of x. */
  points: readonly (readonly [x: number, y: number])[]
}

export interface ChartOptions {
  title: string
  x: { label: string; max: number; step: number }
  y: { label: string; max: number; step: number }
  series: readonly Series[]
  kind: 'curves' | 'bars'
}

const WIDTH = 640
const HEIGHT = 320
const LEFT = 56
const RIGHT = 16
const TOP = 36
const BOTTOM = 48

/** Draws a chart. */
export function chart(options: ChartOptions): string {
  const { title, x, y, series } = options
  const right = WIDTH - RIGHT
  const bottom = HEIGHT - BOTTOM
  const atX = (value: number) => round(LEFT + ((right - LEFT) * Math.min(value, x.max)) / x.max)
  const atY = (value: number) => round(bottom - ((bottom - TOP) * Math.min(value, y.max)) / y.max)
  const grid = [
    ...ticks(x).map(
      (value) =>
        `<path class="grid" d="M${atX(value)} ${TOP}V${bottom}"/><text x="${atX(value)}" y="${bottom + 16}" text-anchor="middle">${value}</text>`,
    ),
    ...ticks(y).map(
      (value) =>
        `<path class="grid" d="M${LEFT} ${atY(value)}H${right}"/><text x="${LEFT - 6}" y="${atY(value) + 4}" text-anchor="end">${value}</text>`,
    ),
  ]
  const drawn = options.kind === 'bars' ? bars(options, atX, atY) : curves(series, atX, atY)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<style>text{fill:#333}.grid{stroke:#ddd}.curve{fill:none;stroke-width:2}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${title}</text>`,
    ...grid,
    ...drawn,
    // Curves rise to the right, so there is room below them.
    ...legend(series, right, options.kind === 'curves' ? bottom - 16 * series.length : TOP + 14),
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${x.label}</text>`,
    `<text transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${y.label}</text>`,
    '</svg>',
  ].join('\n')}\n`
}

function curves(series: readonly Series[], atX: Place, atY: Place): string[] {
  return series.map(({ color, points }) => {
    const path = points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${atX(px)} ${atY(py)}`).join('')
    return `<path class="curve" stroke="${color}" d="${path}"/>`
  })
}

function bars({ series, x }: ChartOptions, atX: Place, atY: Place): string[] {
  const width = (atX(x.step) - atX(0)) / (series.length + 1)
  return series.flatMap(({ color, points }, index) =>
    points.map(([px, py]) => {
      const left = round(atX(px) - (width * series.length) / 2 + width * index)
      return `<rect x="${left}" y="${atY(py)}" width="${round(width)}" height="${round(atY(0) - atY(py))}" fill="${color}"/>`
    }),
  )
}

function legend(series: readonly Series[], right: number, top: number): string[] {
  return series.map(({ name, color }, index) => {
    const y = top + 16 * index
    return `<text x="${right - 8}" y="${y}" text-anchor="end" style="fill:${color}">${name}</text>`
  })
}

type Place = (value: number) => number

function ticks({ max, step }: { max: number; step: number }): number[] {
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
