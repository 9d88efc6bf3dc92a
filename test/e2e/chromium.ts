/** Tabs of a real Chromium, driven by puppeteer. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { findBrowser } from '../../scripts/browser.mjs'

let browser: Browser | undefined
let emptyPages: Server | undefined

/**
 * Opens a page: without `url` an empty one of this machine. It has a window of its own, since a tab that is not in front
 * of its window is hidden and draws nothing. Candidates are the browser's own: with mDNS names, as users have them.
 */
export async function openTab(url?: string): Promise<Page> {
  browser ??= await launch()
  const page = await browser.newPage({ type: 'window' })
  page.on('pageerror', (error) => console.error(`page error: ${String(error)}`))
  await page.goto(url ?? (await emptyPage()), { waitUntil: 'load' })
  return page
}

/** To be called after the tests. */
export async function closeChromium(): Promise<void> {
  await browser?.close()
  browser = undefined
  emptyPages?.closeAllConnections()
  emptyPages?.close()
  emptyPages = undefined
}

/** Of 127.0.0.1, as `about:blank` may not connect to servers of this machine. */
async function emptyPage(): Promise<string> {
  emptyPages ??= createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,">')
  })
  if (!emptyPages.listening) await new Promise<void>((resolve) => emptyPages?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(emptyPages.address() as AddressInfo).port}/`
}

async function launch(): Promise<Browser> {
  const { executablePath, args, headless } = await findBrowser()
  return puppeteer.launch({ executablePath, args, headless, pipe: true })
}
