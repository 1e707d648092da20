// Each view: opened, filtered, drilled, exported, in both languages, without a complaint and without a barrier that axe sees.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, checkAccess, checkQuiet, goTo, openBrowser, openPage, saved, settled, views } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const tabs = {
  map: ['map', 'map?as=points', 'map?as=hexbin', 'map?metric=installed&precision=fp32', 'map?metric=problems', 'map?metric=age'],
  ranking: ['ranking', 'ranking?region=11'],
  hardware: ['hardware', 'hardware?tab=unrated', 'hardware?tab=kinds', 'hardware?tab=declared'],
  find: ['find', 'find?cores=1&nodes=3&together=spread', 'find?accelerators=1&precision=fp16', 'find?memory_gib=1&together=pool'],
  health: ['health', ...['absent', 'flapping', 'lost', 'skew', 'versions', 'contradictions', 'doubles'].map((tab) => `health?tab=${tab}`)],
  history: ['history', 'history?span=1h&of=available', 'history?region=11'],
  imbalance: ['owner', 'class', 'use', 'scenario', 'architecture', 'security'].map((name) => `imbalance?name=${name}`),
  joining: ['joining'],
  controller: ['controller'],
};

for (const view of views) {
  test(`${view}: shows, in both languages and both looks, nothing that axe or the policy objects to`, async () => {
    const page = await openPage(browser);
    for (const where of tabs[view]) {
      await goTo(page, where);
      await checkAccess(page, where);
      assert.match(await page.locator('.strip').innerText(), /Map age/i);
      assert.match(await page.locator('.leaves-out').innerText(), /not fresh[\s\S]*chip table/);
      assert.equal(await page.locator('.problem').count(), 0, await page.locator('main').innerText());
    }
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByTitle('浅色或深色').click();
    await page.getByTitle('浅色或深色').click();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.look), 'dark');
    for (const where of tabs[view].slice(0, 3)) {
      await goTo(page, where);
      await checkAccess(page, `${where} in Chinese and dark`);
      assert.match(await page.locator('.leaves-out h2').innerText(), /数字未包含/);
    }
    await checkQuiet(page, view);
    await page.context().close();
  });
}

test('map: all 34 divisions stand there, those that report nothing too, with what the API says', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map?metric=installed&precision=fp16');
  assert.equal(await page.locator('.tiles li').count(), 34);
  const answer = await api('/v1/map?group_by=region_2&measure=nodes');
  const reporting = answer.groups.filter((group) => group.key.region_2 && group.nodes.installed > 0).length;
  assert.equal(await page.locator('.tile:not(.silent)').count(), reporting);
  await page.getByRole('button', { name: 'Free', exact: true }).click();
  assert.match(page.url(), /metric=free/);
  await page.getByLabel('Resource').selectOption('cores');
  assert.match(page.url(), /resource=cores/);
  await settled(page);
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }));
  assert.equal(file.text.trim().split('\r\n').length, 35);
  assert.equal(JSON.parse((await saved(page, page.getByRole('button', { name: 'JSON' }))).text).by[0], 'region_2');
  await page.getByLabel('Compare with').selectOption('first');
  await page.getByText('less').waitFor();
  assert.match(page.url(), /against=/);
  await page.locator('.tile', { hasText: 'Beijing' }).click();
  await settled(page);
  assert.match(page.url(), /ranking\?region=11/);
  await checkQuiet(page, 'map');
  await page.context().close();
});

test('map: a moment of the past says that it is one, and of use that it is not known', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map?metric=free');
  await page.locator('input[type=range]').fill('120');
  await page.waitForURL(/at=/);
  await settled(page);
  await page.getByText('is not kept in the map').waitFor();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.waitForURL((at) => !/at=/.test(at.href));
  await checkQuiet(page, 'the past');
  await page.context().close();
});

test('ranking: from the nation down to a node and back, by links; the filter stays in the address', async () => {
  const page = await openPage(browser);
  await goTo(page, 'ranking');
  const all = await page.locator('tbody tr').count();
  assert.ok(all >= 30, `${all} divisions`);
  await page.getByLabel('Filter').fill('has(accelerator memory_gib >= 80)');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL(/filter=/);
  await settled(page);
  const few = await page.locator('tbody tr').count();
  assert.ok(few > 0 && few < all, `${few} of ${all} have such cards`);
  await page.locator('tbody tr a').first().click();
  await page.waitForURL(/region=/);
  await settled(page);
  await page.locator('tbody tr a').first().click();
  await page.waitForURL(/site=/);
  await settled(page);
  assert.match(page.url(), /filter=has/);
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }).last());
  assert.match(file.text, /^Node,/);
  await page.locator('table').last().locator('tbody a').first().click();
  await page.waitForURL(/node\/n-/);
  await settled(page);
  await checkAccess(page, 'a node');
  await page.getByText('Nothing is held against').or(page.getByText('claims').first()).waitFor();
  assert.ok((await page.locator('.box.package').count()) >= 1);
  await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link').last().click();
  await page.waitForURL(/site=/);
  await page.getByLabel('Filter').fill('nonsense ==');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('expected').first().waitFor();
  await checkQuiet(page, 'ranking');
  await page.context().close();
});

test('a node: its use is drawn from what this page hears, and the history of its site is a link away', { timeout: 240_000 }, async () => {
  const page = await openPage(browser);
  const site = (await api('/v1/sites')).sites.find((each) => each.name.startsWith('dc-')).name;
  // Not one that is contradicted, leaves, or says nothing of its memory.
  const { nodes } = await api(`/v1/nodes?limit=100&filter=${encodeURIComponent(`site = "${site}" and liveness = "fresh"`)}`);
  const node = nodes.find((each) => each.in_totals && each.verdict !== 'contradicted' && each.memory_used_mib !== null);
  await goTo(page, `node/${node.id}`);
  const use = page.getByRole('region', { name: 'Use since this page was opened' });
  await use.getByLabel('Figure').selectOption('memory');
  const drawn = () => /M[\d. -]+L/.test(document.querySelector('.chart .line').getAttribute('d'));
  await page.waitForFunction(drawn, null, { timeout: 150_000 }).catch(async (error) => {
    throw new Error(`${error.message}: ${await page.locator('main').innerText()} ${JSON.stringify(await api(`/v1/nodes/${node.id}`))}`);
  });
  assert.match(await use.locator('.axis').innerText(), /[KMGT]iB/);
  const heard = JSON.parse((await saved(page, use.getByRole('button', { name: 'JSON' }))).text);
  assert.ok(heard.length >= 2 && heard.every((each) => each.use.memory > 0), JSON.stringify(heard));
  assert.ok(heard.every((each, at) => at === 0 || each.at > heard[at - 1].at));
  const lines = (await saved(page, use.getByRole('button', { name: 'CSV' }))).text.trim().split('\r\n');
  assert.match(lines[0], /^When,Mean,Least,Most$/);
  await checkAccess(page, "a node's use");
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.url().includes('/v1/history?') && each.url().includes(`site=${site}`)),
    use.getByRole('link', { name: `History of site ${site}` }).click(),
  ]);
  assert.doesNotMatch(request.url(), /region=/);
  await settled(page);
  assert.ok((await page.locator('main').innerText()).includes(`History of site ${site}`));
  await page.locator('.note').getByRole('button', { name: 'All' }).click();
  await page.waitForURL((at) => !/site=/.test(at.href));
  await checkQuiet(page, "a node's use");
  await page.context().close();
});

test('trunk links are drawn where both ends have a place, told as a table, and left out on demand', async () => {
  const page = await openPage(browser);
  const { links } = await api('/v1/links');
  assert.ok(links.length > 2);
  await goTo(page, 'map?as=points');
  const picture = () => page.locator('canvas').evaluate((canvas) => canvas.toDataURL());
  const table = page.getByRole('region', { name: 'Trunk links' });
  await table.waitFor();
  assert.equal(await table.locator('tbody tr').count(), links.length);
  const row = await table.locator('tbody tr', { hasText: links[0].to }).first().locator('td').allInnerTexts();
  assert.ok(row.includes(`${links[0].gbps} Gbit/s`), row.join());
  await page.waitForTimeout(500);
  const drawn = await picture();
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }).last());
  assert.equal(file.text.trim().split('\r\n').length, links.length + 1);
  await page.getByRole('checkbox', { name: 'Trunk links' }).uncheck();
  await page.waitForURL(/links=no/);
  await page.waitForTimeout(500);
  assert.notEqual(await picture(), drawn);
  assert.equal(await table.count(), 0);
  await checkQuiet(page, 'links');
  await page.context().close();
});

test('an outline is drawn only with its approval number, which then stands on the map; the file is sent nowhere', async () => {
  const page = await openPage(browser);
  const sent = [];
  page.on('request', (request) => (request.method() === 'GET' ? undefined : sent.push(request.url())));
  await goTo(page, 'map?as=points');
  const picture = () => page.locator('canvas').evaluate((canvas) => canvas.toDataURL());
  await page.waitForTimeout(500);
  const before = await picture();
  const square = (last) => [[[90, 25], [120, 25], [120, 45], [90, 45], last]];
  const fileOf = (coordinates, properties = { adcode: 110000 }) => ({
    name: 'outline.geojson',
    mimeType: 'application/geo+json',
    buffer: Buffer.from(
      JSON.stringify({
        type: 'FeatureCollection',
        features: [{ type: 'Feature', properties, geometry: { type: 'Polygon', coordinates } }],
      }),
    ),
  });
  await page.getByText('Outline of your own').click();
  const file = page.getByLabel('GeoJSON file, 5 MB at most');
  const draw = page.getByRole('button', { name: 'Draw it' });
  await file.setInputFiles(fileOf(square([90, 25])));
  await draw.click();
  await page.getByText('A map is shown only with its approval number').waitFor();
  assert.equal(await picture(), before, 'nothing is drawn without it');
  await checkAccess(page, 'an outline without its number');
  await page.getByLabel('Map approval number').fill('GS(2024)0650号');
  for (const [bad, why] of [
    [fileOf(square([91, 26])), 'has a ring that is not closed'],
    [fileOf(square([90, 95])), 'no longitude and latitude'],
    [fileOf(square([90, 25]), {}), 'has no GB/T 2260 code'],
    [{ ...fileOf([]), buffer: Buffer.from('{"type":"Feature"}') }, 'no GeoJSON FeatureCollection'],
    [{ ...fileOf([]), buffer: Buffer.alloc(5_000_001, 32) }, '5 MB at most'],
  ]) {
    await file.setInputFiles(bad);
    await draw.click();
    await page.locator('#wrong-outline', { hasText: why }).waitFor();
  }
  assert.equal(await picture(), before);
  await file.setInputFiles(fileOf(square([90, 25])));
  await draw.click();
  await page.getByText('Drawn: outline.geojson, features: 1.').waitFor();
  await page.locator('.approval', { hasText: 'Map approval number: GS(2024)0650号' }).waitFor();
  await page.waitForTimeout(500);
  assert.notEqual(await picture(), before);
  await checkAccess(page, 'an outline');
  await page.getByRole('button', { name: 'Hexagons' }).click();
  await page.locator('.approval', { hasText: 'GS(2024)0650号' }).waitFor();
  await page.getByRole('button', { name: 'Points' }).click();
  await page.getByRole('button', { name: 'Remove the outline' }).click();
  await page.waitForTimeout(500);
  assert.equal(await page.locator('.approval').count(), 0);
  assert.deepEqual(sent, []);
  await checkQuiet(page, 'an outline');
  await page.context().close();
});

test('every other view is exported as CSV and JSON that say what the API says', async () => {
  const page = await openPage(browser);
  for (const [where, list] of [
    ['hardware', 'chips'],
    ['health?tab=versions', 'groups'],
    ['health?tab=contradictions', 'nodes'],
    ['imbalance?name=class', 'rows'],
    ['history', 'groups'],
  ]) {
    await goTo(page, where);
    const json = JSON.parse((await saved(page, page.getByRole('button', { name: 'JSON' }).first())).text);
    assert.ok(Array.isArray(json[list]), where);
    const lines = (await saved(page, page.getByRole('button', { name: 'CSV' }).first())).text.trim().split('\r\n');
    assert.ok(lines.length > 1, where);
    if (list !== 'groups' || where.startsWith('health')) assert.equal(lines.length - 1, json[list].length, where);
  }
  await goTo(page, 'controller');
  const metrics = (await saved(page, page.getByRole('button', { name: 'CSV' }).first())).text;
  assert.match(metrics, /capmap_ingest_messages_total/);
  await checkQuiet(page, 'exports');
  await page.context().close();
});

test('figures move while nobody touches the page: one event stream for all tabs', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map');
  await page.locator('.live.live').waitFor();
  const watchers = async () => Number(/^capmap_http_watchers (\d+)$/m.exec(await (await fetch(`${process.env.CAPMAP_URL}/metrics`)).text())[1]);
  const one = await watchers();
  const second = await page.context().newPage();
  await second.goto(page.url().replace('map', 'health'));
  await second.locator('.live.live').waitFor();
  const two = await watchers();
  assert.ok(one >= 1 && two <= one, `${one} streams of one tab, ${two} of two`);
  let asked = 0;
  page.on('request', (request) => (asked += request.url().includes('/v1/map?group_by') ? 1 : 0));
  await page.waitForTimeout(12_000);
  assert.ok(asked >= 1 && asked <= 4, `asked ${asked} times in 12 s`);
  await checkQuiet(page, 'live');
  await page.context().close();
});
