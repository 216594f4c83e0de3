/**
 * Puppeteer drives the browser that test/support/node/browser.ts finds, so it downloads none when it is installed.
 *
 * @type {import("puppeteer").Configuration}
 */
module.exports = { skipDownload: true };
