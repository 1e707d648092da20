// Files of tables that come in pages: all rows, none twice, what is said of those that are not there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { admin, api, checkAccess, checkQuiet, goTo, logIn, openBrowser, openPage, saved, settled, url } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/// All rows that the API lists, page by page.
async function listed(path, list) {
  const rows = [];
  let cursor = '';
  do {
    const page = await api(path + cursor);
    rows.push(...page[list]);
    cursor = page.next === null ? null : `&cursor=${encodeURIComponent(page.next)}`;
  } while (cursor !== null);
  return rows;
}
const press = (page, name) => page.getByRole('button', { name, exact: true }).last();
function firstColumn(text) {
  const lines = text.trimEnd().split('\r\n').slice(1);
  return lines.map((line) => /^("(?:[^"]|"")*"|[^,]*)/.exec(line)[0].replace(/^"|"$/g, ''));
}

/// A site with most nodes of all, and how many pages of three these are.
async function largest() {
  const { groups } = await api('/v1/map?group_by=site&measure=nodes');
  const group = groups.filter((each) => each.key.site).sort((a, b) => b.nodes.installed - a.nodes.installed)[0];
  assert.ok(group.nodes.installed > 6, 'more than two pages of three');
  return group.key.site;
}
/// The page asks for few rows at once: what it is told then are pages of the controller's own.
async function small(page, what, rows) {
  await page.route(what, (route) => route.continue({ url: route.request().url().replace('limit=1000', `limit=${rows}`) }));
}

test('nodes of a site in pages of three: the file has those that the API lists, each once, as CSV and as JSON', async () => {
  const page = await openPage(browser);
  const site = await largest();
  const filter = encodeURIComponent(`site = "${site}"`);
  await small(page, '**/v1/nodes?**', 3);
  await goTo(page, `ranking?region=-&site=${encodeURIComponent(site)}`);
  await page.getByText('The first 3 are shown').waitFor();
  assert.equal(await page.locator('table').last().locator('tbody tr').count(), 3);
  // Nodes come and go in this fleet: what stood there before and after is in the file.
  for (let turn = 1; ; turn += 1) {
    const before = (await listed(`/v1/nodes?filter=${filter}&limit=1000`, 'nodes')).map((row) => row.hostname ?? row.id).sort();
    const names = firstColumn((await saved(page, press(page, 'CSV'))).text).sort();
    const json = JSON.parse((await saved(page, press(page, 'JSON'))).text);
    const after = (await listed(`/v1/nodes?filter=${filter}&limit=1000`, 'nodes')).map((row) => row.hostname ?? row.id).sort();
    if (before.join() !== after.join() && turn < 5) continue;
    assert.deepEqual(names, after);
    assert.deepEqual(json.nodes.map((row) => row.hostname ?? row.id).sort(), after);
    assert.equal(json.next, null);
    await page.getByText(`The file has all ${after.length} rows.`).waitFor();
    break;
  }
  await checkAccess(page, 'a file of pages');
  await checkQuiet(page, 'files of pages');
  await page.context().close();
});

test('divisions in pages of five, whose count the API tells: the same', async () => {
  const page = await openPage(browser);
  await small(page, '**/v1/map?**limit=1000**', 5);
  await goTo(page, 'ranking');
  const { groups } = await api('/v1/map?group_by=region_2&measure=nodes&limit=1000');
  await page.getByText(`The first 5 of ${groups.length} are shown`).waitFor();
  const json = JSON.parse((await saved(page, press(page, 'JSON'))).text);
  assert.deepEqual(json.groups.map((group) => group.key.region_2), groups.map((group) => group.key.region_2));
  const names = firstColumn((await saved(page, press(page, 'CSV'))).text);
  assert.equal(new Set(names).size, groups.length);
  assert.equal(names.length, groups.length);
  await checkQuiet(page, 'divisions in pages');
  await page.context().close();
});

test('an audit of more than a page of 1,000: each entry is in the file once', { timeout: 120_000 }, async () => {
  const make = async () => {
    const headers = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/v1/tokens`, { method: 'POST', headers, body: '{"site":"here"}' });
    assert.ok(answer.ok, await answer.text());
  };
  for (let at = 0; at < 1_100; at += 10) await Promise.all(Array.from({ length: 10 }, make));
  const page = await openPage(browser);
  await logIn(page);
  await goTo(page, 'joining?tab=audit');
  await page.getByText('The first 1,000 are shown').waitFor();
  const before = (await listed('/v1/audit?limit=1000', 'entries')).map((entry) => String(entry.number));
  const numbers = firstColumn((await saved(page, press(page, 'CSV'))).text);
  assert.ok(before.length > 1_000 && numbers.length >= before.length);
  assert.equal(new Set(numbers).size, numbers.length);
  assert.deepEqual(numbers.slice(-before.length), before);
  await checkQuiet(page, 'the audit');
  await page.context().close();
});

/// A node list of so many rows that never were, with what the answer to a page is left to the test.
async function pretend(page, answer) {
  await page.route('**/v1/nodes?**', async (route) => {
    const cursor = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const nodes = Array.from({ length: 1_000 }, (_, row) => ({ id: `n-${cursor * 1_000 + row}`, hostname: '=1+1', liveness: 'fresh' }));
    await answer(route, cursor, (last) => route.fulfill({ json: { nodes, next: cursor + 1 < last ? String(cursor + 1) : null } }));
  });
  await goTo(page, "ranking?region=-&site=it's&filter=cores > 1");
  await page.getByText('The first 1,000 are shown').waitFor();
}

test('201,000 rows: the file has 200,000, and the page says so and what lists all of them', { timeout: 120_000 }, async () => {
  const page = await openPage(browser);
  await pretend(page, (_, __, send) => send(201));
  const [download] = await Promise.all([page.waitForEvent('download', { timeout: 100_000 }), press(page, 'CSV').click()]);
  assert.match(download.suggestedFilename(), /-first-200000\.csv$/);
  let lines = 0;
  let head = '';
  for await (const part of await download.createReadStream()) {
    lines += part.toString().split('\n').length - 1;
    if (!head) head = part.toString().slice(0, 400);
  }
  assert.equal(lines, 200_001);
  assert.match(head, /\r\n'=1\+1,/, 'a name that begins like a formula is a text');
  await page.getByText('The file has the first 200,000 rows alone').waitFor();
  assert.equal(
    await page.locator('code.line').innerText(),
    `capmapctl nodes --limit 1000000 --filter 'site = "it'\\''s" and (cores > 1)' -o csv`,
  );
  await checkAccess(page, 'a file that is cut');
  await page.context().close();
});

test('a file is cancelled; one that fails says why; a controller that is busy is asked again', { timeout: 120_000 }, async () => {
  const page = await openPage(browser);
  const files = [];
  page.on('download', (download) => files.push(download.suggestedFilename()));
  let how = 'slow';
  let busy = 0;
  await pretend(page, async (route, cursor, send) => {
    const refuse = (status, detail) =>
      route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'urn:capmap:problem:x', detail }) });
    if (how === 'slow' && cursor === 2) return; // No answer comes.
    if (how === 'refused' && cursor === 2) return refuse(400, 'cursor: is of the table before');
    if (how === 'gone' && cursor === 2) return route.abort();
    if (how === 'busy' && cursor === 2 && (busy += 1) < 3) return refuse(503, 'too many scans');
    await send(4);
  });
  await press(page, 'CSV').click();
  await page.getByText('2,000 rows').waitFor();
  await checkAccess(page, 'a file on its way');
  await press(page, 'Cancel CSV').click();
  await page.getByText('Cancelled after 2,000 rows. No file was saved.').waitFor();
  how = 'refused';
  await press(page, 'CSV').click();
  await page.getByText('No file was saved. After 2,000 rows: cursor: is of the table before').waitFor();
  how = 'gone';
  await press(page, 'JSON').click();
  await page.getByText('No file was saved. After 2,000 rows: The controller does not answer.').waitFor();
  assert.deepEqual(files, []);
  how = 'busy';
  assert.equal(JSON.parse((await saved(page, press(page, 'JSON'))).text).nodes.length, 4_000);
  assert.equal(busy, 3);
  // Another question ends a file of the one before.
  how = 'slow';
  await press(page, 'CSV').click();
  await page.getByText('2,000 rows').waitFor();
  await page.evaluate(() => (location.hash = '#/hardware'));
  await settled(page);
  assert.equal(files.length, 1);
  await page.context().close();
});
