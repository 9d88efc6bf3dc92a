/**
 * Draws the pictures of docs/PROTOCOL.md from simulator output: `node --import=tsx bench/pictures.ts`. Equal seeds and equal
 * code give equal files.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../sim/cluster.js'
import { Deaths } from '../sim/deaths.js'
import { Delivery } from '../sim/delivery.js'
import type { Histogram } from '../sim/histogram.js'
import { degrees } from '../sim/overlay.js'
import type { SimEngine } from '../sim/seat.js'
import { churn, quietWriters, steadyWriter } from '../sim/workload.js'
import { baselineRound, floodCluster, pushCluster } from './baselines.js'
import { chart, type Series } from './chart.js'
import { formed } from './lab.js'

const SIZE = 100
const SEED = 11
const MINUTE = 60_000
const FOLDER = fileURLToPath(new URL('../docs/pictures/', import.meta.url))

await mkdir(FOLDER, { recursive: true })
await writeFile(`${FOLDER}write.svg`, write())
await writeFile(`${FOLDER}degrees.svg`, links())
await writeFile(`${FOLDER}detection.svg`, detection())

/** How far a write has come, as time passes. */
function write(): string {
  const own = formed({ seed: SEED, size: SIZE })
  const quiet = watched(own, 'a quiet member', '#2166ac', () => quietWriters(own, 50, 1_000))
  const writer = own.pick()
  steadyWriter(own, writer, 50, 97)
  const steady = watched(own, 'a steady writer', '#1b7837', () => steadyWriter(own, writer, 100, 97))
  const flood = floodCluster(SEED, SIZE)
  const flooding = watched(flood, 'flooding', '#777', () => quietWriters(flood, 50, 1_000), baselineRound)
  const push = pushCluster(SEED, SIZE)
  const pushing = watched(push, 'memberlist', '#b2182b', () => quietWriters(push, 50, 1_000), baselineRound)
  return chart({
    title: `A write on its way to ${SIZE} members, delays of 10 to 50 ms a link`,
    x: { label: 'milliseconds after the write', max: 800, step: 100 },
    y: { label: '% of members', max: 100, step: 20 },
    kind: 'curves',
    series: [steady, quiet, flooding, pushing],
  })
}

/** The delays of what is written during `work`, and how many copies of it each member gets. */
function watched<E extends SimEngine>(
  cluster: Cluster<E>,
  name: string,
  color: string,
  work: () => void,
  roundOf?: typeof baselineRound,
): Series {
  const delivery = new Delivery(cluster, roundOf)
  cluster.observers.push(delivery)
  work()
  cluster.run(5_000)
  cluster.observers.splice(cluster.observers.indexOf(delivery), 1)
  return { name: `${name}: ${delivery.copies.toFixed(2)} copies`, color, points: share(delivery.delay, 1) }
}

/** Links per member, at rest and while members come and go. */
function links(): string {
  const cluster = formed({ seed: SEED, size: SIZE })
  const rest = percents(degrees(cluster.members))
  churn(cluster, { stayMillis: 2 * MINUTE, crashShare: 0.3, until: cluster.now + 2 * MINUTE })
  cluster.run(2 * MINUTE)
  const busy = percents(degrees(cluster.members))
  return chart({
    title: `Links per member, ${SIZE} members`,
    x: { label: 'links', max: 10, step: 1 },
    y: { label: '% of members', max: 100, step: 20 },
    kind: 'bars',
    series: [
      { name: 'at rest', color: '#2166ac', points: rest },
      { name: 'members stay 2 minutes, 30 % crash', color: '#b2182b', points: busy },
    ],
  })
}

/** When survivors notice that one is gone. */
function detection(): string {
  const series = [10, SIZE].map((size, index): Series => {
    const cluster = formed({ seed: SEED, size })
    const deaths = new Deaths(cluster)
    cluster.observers.push(deaths)
    for (let crash = 0; crash < 20; crash++) {
      cluster.crash(cluster.pick())
      cluster.run(15_000)
      cluster.add()
      cluster.run(15_000)
    }
    return {
      name: `${size} members`,
      color: ['#2166ac', '#b2182b'][index] ?? '',
      points: share(deaths.detection, 1_000),
    }
  })
  return chart({
    title: 'A crash noticed: links stay open and silent',
    x: { label: 'seconds after the crash', max: 7, step: 1 },
    y: { label: '% of survivors', max: 100, step: 20 },
    kind: 'curves',
    series,
  })
}

/** The share of values up to each, in percent, in at most a hundred points. */
function share(histogram: Histogram, unit: number): [number, number][] {
  const points: [number, number][] = [[0, 0]]
  let seen = 0
  for (const [value, count] of histogram.entries()) {
    seen += count
    const percent = Math.round((100 * seen) / histogram.total)
    if (percent > (points.at(-1)?.[1] ?? 0)) points.push([value / unit, percent])
  }
  return points
}

function percents(histogram: Histogram): [number, number][] {
  return [...histogram.entries()].map(([value, count]) => [value, (100 * count) / histogram.total])
}
