// What the stories share: a browser, pages whose complaints are gathered, what axe finds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const url = process.env.CAPMAP_URL;
export const admin = process.env.CAPMAP_ADMIN;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const views = ['map', 'ranking', 'hardware', 'find', 'health', 'history', 'imbalance', 'joining', 'controller'];

export async function openBrowser() {
  return chromium.launch({ executablePath: process.env.CAPMAP_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/// A page that gathers what it complains of: errors, violations of its policy, requests to elsewhere.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', reducedMotion: 'reduce', acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // That an answer was refused or did not come, chromium says by itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:') && !request.url().startsWith('data:'))
      page.complaints.push(`elsewhere: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return page;
}

/// Goes to a view and waits until nothing is being asked for the first time.
export async function goTo(page, where) {
  await page.goto(`${url}/#/${where}`);
  await settled(page);
}
export async function settled(page) {
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(() => !/Asking the controller|正在询问/.test(document.querySelector('main').textContent), null, {
    timeout: 60_000,
  });
}

export async function checkAccess(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () =>
    (await window.axe.run(document, { resultTypes: ['violations'] })).violations.map(
      (each) =>
        `${each.id} (${each.impact}): ${each.nodes
          .slice(0, 3)
          .map((node) => `${node.target} ${node.failureSummary}`)
          .join(' | ')}`,
    ),
  );
  assert.deepEqual(found, [], `axe on ${what}`);
}

export async function checkQuiet(page, what) {
  assert.deepEqual(await page.evaluate(() => window.violations), [], `violations of the policy on ${what}`);
  assert.deepEqual(page.complaints, [], `complaints on ${what}`);
}

/// Presses a button that saves a file, and gives its text.
export async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  const stream = await download.createReadStream();
  let text = '';
  for await (const part of stream) text += part;
  return { name: download.suggestedFilename(), text };
}

export async function logIn(page, user = 'duty') {
  await page.goto(`${url}/#/login`);
  await page.getByLabel('User', { exact: true }).fill(user);
  await page.getByLabel('Password', { exact: true }).fill(`a password of ${user}`);
  await page.locator('main').getByRole('button', { name: 'Log in' }).click();
  await page.getByText(`${user} ·`).waitFor();
}

export async function api(path, body) {
  const response = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${admin}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  return response.json();
}
