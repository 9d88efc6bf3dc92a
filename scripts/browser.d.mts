/** The types of browser.mjs, for the tests that start a browser themselves. */

/** A browser and how to launch it with puppeteer-core: `launch({ executablePath, args, headless, pipe: true })`. */
export interface Browser {
  executablePath: string
  args: string[]
  source: 'CHROME_PATH' | 'installed' | '@sparticuz/chromium'
  headless: true | 'shell'
}

/**
 * The browser to run tests in: CHROME_PATH, else an installed Chrome or Chromium, else the packaged one, which CHROME_PATH=@sparticuz/chromium names.
 * @throws Error when there is none, or the one found does not start; the text says what to do
 */
export function findBrowser(): Promise<Browser>
