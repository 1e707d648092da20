// Texts that would be scripts or formulas if anybody let them: they are shown as they are, and nothing runs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, checkQuiet, goTo, logIn, openBrowser, openPage, saved, settled, url } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const hostile = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  '<svg onload=alert(4)>',
  "javascript:alert(3)//'",
  '=HYPERLINK("http://evil.example")',
  '{{constructor.constructor("alert(5)")()}}',
  '\u202eevil',
  '"><iframe src=//evil.example>',
];

test('names of sites, owners, links and pools, labels, reasons and users stay texts in every view, and no formulas in files', async () => {
  const named = hostile.map((name, at) => ({
    name: name.slice(0, 90),
    region: '110000',
    latitude: 40 + at / 10,
    longitude: 116,
    industry: name.slice(0, 90),
    owner: `o ${name}`.slice(0, 90),
    hub: name.slice(0, 90),
  }));
  const imported = await api('/v1/import', {
    owners: hostile.map((name) => ({ name: `o ${name}`.slice(0, 90), owner_class: 'private' })),
    sites: named,
    pools: [{ site: named[0].name, name: '<b onclick=alert(6)>pool' }],
  });
  assert.equal(imported.applied, true, JSON.stringify(imported).slice(0, 300));
  const node = (await api('/v1/nodes?limit=1')).nodes[0].id;
  const moved = await api(`/v1/nodes/${node}/site`, { site: named[0].name });
  assert.ok(moved.node, JSON.stringify(moved));
  await api(`/v1/nodes/${node}/labels`, { labels: { note: '<img src=x onerror=alert(7)>' } });
  await api(`/v1/nodes/${node}/service`, { state: 'maintenance', reason: '<script>alert(8)</script>' });
  await api('/v1/tokens', { site: named[0].name, name: '<img src=x onerror=alert(9)>' });
  await new Promise((done) => setTimeout(done, 2_500));

  const page = await openPage(browser);
  await logIn(page);
  for (const where of [
    'map',
    'map?as=points',
    'ranking?region=11',
    'hardware?tab=declared',
    'health',
    'health?tab=absent',
    'imbalance?name=scenario',
    'imbalance?name=owner',
    'find?cores=1&together=spread',
    `find?accelerators=1&model=${encodeURIComponent('<img src=x onerror=alert(12)>”, 9 nodes')}&site=__proto__`,
    'find?constructor=1&__proto__=2&filter=%3Csvg%20onload=alert(13)%3E',
    'history?site=%3Cscript%3Ealert(14)%3C%2Fscript%3E',
    'history',
    'joining?tab=tokens',
    'joining?tab=audit',
    'controller',
    `node/${node}`,
  ]) {
    await goTo(page, where);
    await page.waitForTimeout(300);
  }
  await goTo(page, 'ranking?region=11');
  const shown = await page.locator('tbody').innerText();
  assert.ok(shown.includes('<img src=x onerror=alert(1)>'));
  await page.getByRole('link', { name: '<img src=x onerror=alert(1)>' }).click();
  await page.waitForURL(/site=/);
  await settled(page);
  assert.ok((await page.locator('main').innerText()).includes('<img src=x onerror=alert(1)>'));
  // A quote in a name ends no text of a filter: the site of that name is asked for, and no other.
  await goTo(page, `ranking?region=11&site=${encodeURIComponent('"><iframe src=//evil.example>')}`);
  assert.equal(await page.locator('.problem').count(), 0);
  assert.ok((await page.locator('main').innerText()).includes('"><iframe src=//evil.example>'));
  // The address itself is a text that somebody else may have written.
  const [place, filter] = ['<img src=x onerror=alert(10)>', '<script>alert(11)</script>'].map(encodeURIComponent);
  await page.goto(`${url}/#/${place}?filter=${filter}&metric=__proto__&sort=constructor`);
  await settled(page);
  await goTo(page, 'node/..%2F..%2Fv1%2Fmap');
  await page.locator('.problem').first().waitFor();
  await goTo(page, 'imbalance?name=scenario');
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }));
  assert.doesNotMatch(file.text, /(^|,|\n)"?[=+@]/);
  assert.equal(await page.locator('main img, main iframe, main script').count(), 0);
  await checkQuiet(page, 'hostile texts');
  await page.context().close();
});

test('the policy lets no other script run, however it comes', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map');
  const ran = await page.evaluate(async () => {
    window.ran = [];
    const tries = {
      inline: () => {
        const script = document.createElement('script');
        script.textContent = 'window.ran.push("inline")';
        document.body.append(script);
      },
      elsewhere: () => {
        const script = document.createElement('script');
        script.src = 'data:text/javascript,window.ran.push("data")';
        document.body.append(script);
      },
      html: () => {
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran.push(\'html\')">');
      },
      timer: () => setTimeout('window.ran.push("timer")', 0),
      frame: () => {
        const frame = document.createElement('iframe');
        frame.src = 'https://example.com/';
        document.body.append(frame);
      },
    };
    for (const attempt of Object.values(tries)) {
      try {
        attempt();
      } catch {
        // Refused at once.
      }
    }
    await new Promise((done) => setTimeout(done, 500));
    return window.ran;
  });
  assert.deepEqual(ran, []);
  assert.ok((await page.evaluate(() => window.violations.length)) >= 3);
  await page.context().close();
});
