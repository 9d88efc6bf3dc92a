/** Tabs of a real Chromium, driven by puppeteer. */
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { findBrowser } from '../../scripts/browser.mjs'

let browser: Browser | undefined

/** Opens a page in a new tab. Candidates are the browser's own: with mDNS names, as users have them. */
export async function openTab(url: string): Promise<Page> {
  browser ??= await launch()
  const page = await browser.newPage()
  page.on('pageerror', (error) => console.error(`page error: ${String(error)}`))
  await page.goto(url, { waitUntil: 'load', timeout: 20_000 })
  return page
}

/** To be called after the tests. */
export async function closeChromium(): Promise<void> {
  await browser?.close()
  browser = undefined
}

async function launch(): Promise<Browser> {
  const { executablePath, args, headless } = await findBrowser()
  return puppeteer.launch({ executablePath, args, headless, pipe: true, timeout: 30_000 })
}
