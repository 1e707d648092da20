// What each view says when things go wrong: no question without an end, no old number that looks new.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { checkAccess, goTo, logIn, openBrowser, openPage, settled, url, views } from './page.js';

const folder = process.env.CAPMAP_FOLDER;
let browser;
let controller = Number(process.env.CAPMAP_CONTROLLER);
let second = null;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  for (const process of [second, started]) process?.kill('SIGTERM');
});

let started = null;
function start(environment = {}) {
  return spawn(`${folder}/start`, [], { env: { ...process.env, ...environment }, stdio: 'ignore' });
}
async function answers(at = url) {
  for (let turn = 0; turn < 200; turn += 1) {
    try {
      if ((await fetch(`${at}/healthz`)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${at} does not answer`);
}

test('a browser whose clock is a day ahead shows the age of the map by the controller', async () => {
  const page = await openPage(browser);
  await page.addInitScript(() => {
    const now = Date.now;
    Date.now = () => now() + 86_400_000;
  });
  await goTo(page, 'health');
  assert.match(await page.locator('.age dd').innerText(), /^\d+(\.\d)? s$/);
  await page.context().close();
});

test(
  'a controller that stands still: each view says after 15 s that no answer came, and goes on when it does',
  { timeout: 400_000 },
  async () => {
    const pages = [];
    for (const view of ['map', 'imbalance']) {
      const page = await openPage(browser);
      await goTo(page, view);
      pages.push(page);
    }
    process.kill(controller, 'SIGSTOP');
    try {
      for (const page of pages) await page.getByText('No answer within 15 s').first().waitFor({ timeout: 60_000 });
      for (const page of pages) assert.ok(await page.locator('.strip.old').count(), 'sums are struck through');
      await checkAccess(pages[0], 'a map whose controller stands still');
    } finally {
      process.kill(controller, 'SIGCONT');
    }
    for (const page of pages) {
      await page.waitForFunction(() => !document.querySelector('.problem'), null, { timeout: 60_000 });
      assert.equal(await page.locator('.strip.old').count(), 0);
      await page.context().close();
    }
  },
);

test(
  'a controller that is killed: views say so and how old their figures are; started again, they go on by themselves',
  { timeout: 600_000 },
  async () => {
    const pages = [];
    for (const view of ['map', 'health', 'controller']) {
      const page = await openPage(browser);
      await goTo(page, view);
      pages.push([view, page]);
    }
    const admin = await openPage(browser);
    await logIn(admin);
    await goTo(admin, 'joining?tab=users');
    process.kill(controller, 'SIGKILL');
    for (const [view, page] of pages) {
      await page.locator('.strip.old').waitFor({ timeout: 60_000 });
      await page.getByText('The controller does not answer').first().waitFor({ timeout: 60_000 });
      await page
        .getByText('Figures below are')
        .first()
        .waitFor({ timeout: 60_000 })
        .catch(() => assert.fail(`${view} shows figures without their age`));
      await page.getByText('no answer for').waitFor();
    }
    const fresh = await openPage(browser);
    await fresh.goto(url).catch(() => {});
    started = start();
    controller = started.pid;
    await answers();
    for (const [, page] of pages) {
      await page.locator('.strip:not(.old)').waitFor({ timeout: 60_000 });
      await page.locator('.live.live').waitFor({ timeout: 60_000 });
    }
    // Sessions live in memory: the admin's is over, and that is said.
    await admin
      .locator('main')
      .getByRole('button', { name: 'Log in' })
      .or(admin.getByText('The session is over'))
      .first()
      .waitFor({ timeout: 60_000 });
    for (const page of [...pages.map(([, each]) => each), admin, fresh]) await page.context().close();
  },
);

test('an empty map, then one node: every view is whole, and 33 divisions say that they report nothing', { timeout: 400_000 }, async () => {
  const ctl = (...words) => execFileSync(`${process.env.CAPMAP_BUILD}/capmapctl`, words, { encoding: 'utf8' });
  const state = `${folder}/empty`;
  ctl('init', '--state', state, '--site', 'alone', '--region', '11');
  const port = String(20_000 + Math.floor(Math.random() * 10_000));
  second = start({ STATE: state, PORT: port, MESSAGES: String(Number(port) + 1), ENROL: String(Number(port) + 2) });
  const there = `http://127.0.0.1:${port}`;
  await answers(there);
  const page = await openPage(browser);
  page.removeAllListeners('request');
  page.setDefaultNavigationTimeout(90_000);
  const visit = async (view) => {
    await page.goto(`${there}/#/${view}`);
    await settled(page);
    assert.equal(await page.locator('.problem').count(), 0, `${view}: ${await page.locator('main').innerText()}`);
    assert.doesNotMatch(await page.locator('main').innerText(), /NaN|Infinity|undefined|null/, view);
  };
  for (const view of views) await visit(view);
  await visit('map');
  await page.getByText('No node reports yet').waitFor();
  assert.equal(await page.locator('.tile.silent').count(), 34);
  await checkAccess(page, 'an empty map');
  const token = (
    await (
      await fetch(`${there}/v1/tokens`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${execFileSync('cat', [`${state}/admin.token`], { encoding: 'utf8' }).trim()}`,
        },
        body: '{"site":"alone"}',
      })
    ).json()
  ).token;
  const fleet = spawn(
    `${process.env.CAPMAP_BUILD}/tests/fleet/capmap-fleet`,
    ['--preset', 'equal', '--nodes', '1', '--agents', '1', '--join', token],
    { stdio: 'ignore' },
  );
  try {
    await page.locator('.tile:not(.silent)').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('.tile.silent').count(), 33);
    for (const view of ['map', 'ranking', 'health']) await visit(view);
  } finally {
    fleet.kill('SIGTERM');
  }
  await page.context().close();
});
