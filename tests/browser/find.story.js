// Finding capacity: the form, the sentence and the address say the same; what the API answers is shown; what it refuses, at its field.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, checkAccess, checkQuiet, goTo, openBrowser, openPage, saved, settled } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const words = (page) => page.getByLabel('The demand in words');
const asked = (page) => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1] ?? ''));
/// Does something, and gives the answer of the API that the page shows after it.
async function answerTo(page, act) {
  const [response] = await Promise.all([page.waitForResponse((each) => each.url().includes('/v1/find?') && each.ok()), act()]);
  const answer = await response.json();
  await page.locator('.answer').waitFor();
  await settled(page);
  return answer;
}

test('find: the form becomes the address, and the offers are those of the API, with what removed the others', async () => {
  const page = await openPage(browser);
  await goTo(page, 'find');
  assert.equal(await page.locator('.answer').count(), 0, 'nothing is asked before somebody asks');
  await page.getByLabel('Nodes', { exact: true }).fill('3');
  await page.getByLabel('Free hardware threads (PUs)').fill('1');
  await page.getByLabel('Together').selectOption('spread');
  await page.getByLabel('Owner class').selectOption('private');
  assert.equal(
    await words(page).inputValue(),
    '3 nodes spread over sites, each with 1 free hardware thread, of owner class private.',
  );
  const answer = await answerTo(page, () => page.getByRole('button', { name: 'Find', exact: true }).click());
  assert.deepEqual(asked(page), { nodes: '3', cores: '1', owner_class: 'private', together: 'spread' });
  assert.ok(answer.offers.length > 1, JSON.stringify(answer).slice(0, 300));
  assert.match(await page.locator('.answer').innerText(), { yes: /^Yes/, maybe: /^Maybe/, no: /^No/ }[answer.answer]);
  const rows = page.getByRole('region', { name: 'Offers' }).locator('tbody tr');
  assert.equal(await rows.count(), Math.min(100, answer.offers.length));
  const first = await rows.first().locator('td').allInnerTexts();
  assert.equal(first[1], answer.offers[0].site.name);
  assert.equal(first.includes('serves a part'), answer.offers[0].reason === 'part', first.join());
  const needs = page.getByRole('region', { name: 'What removed the others' }).locator('tbody tr');
  assert.equal(await needs.count(), Object.keys(answer.needs).length);
  assert.equal(answer.removed_most, 'owner_class');
  const most = await needs.filter({ hasText: 'removed most' }).locator('td').allInnerTexts();
  const { removed_nodes, only_this_nodes } = answer.needs.owner_class;
  assert.deepEqual(most.slice(0, 3), ['Owner class (removed most)', String(removed_nodes), String(only_this_nodes)]);
  assert.match(await page.locator('main').innerText(), new RegExp(`Most were removed by “Owner class”: ${removed_nodes} nodes`));
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }).first());
  assert.match(file.text, /^Rank,Site,Division,Reason,Nodes for certain,/);
  assert.equal(file.text.trim().split('\r\n').length, answer.offers.length + 1);
  assert.equal(JSON.parse((await saved(page, page.getByRole('button', { name: 'JSON' }).first())).text).together, 'spread');
  await rows.first().getByRole('link').first().click();
  await page.waitForURL(/ranking\?region=/);
  await page.goBack();
  await page.locator('.answer').waitFor();
  await checkQuiet(page, 'find');
  await page.context().close();
});

test('find: what is unknown stands beside what is certain', async () => {
  const page = await openPage(browser);
  const answer = await answerTo(page, () => goTo(page, 'find?accelerators=1&nodes=2'));
  const text = await page.locator('.answer').innerText();
  const unknown = answer.needs.accelerators.unknown_nodes;
  if (unknown > 0) assert.match(text, new RegExp(`Not known: .*“Free accelerators on each node” of ${unknown} nodes`));
  else assert.match(text, /Nothing that this asks for is unknown/);
  assert.equal(await page.locator('[aria-live=polite]', { has: page.locator('.answer') }).count(), 1, 'the answer is told to who hears');
  const titles = await page.getByRole('region', { name: 'Offers' }).locator('th').allInnerTexts();
  for (const title of ['Nodes for certain', 'More, maybe', 'Free on one node, at most', 'Largest block, nodes'])
    assert.ok(titles.includes(title), title);
  await page.context().close();
});

test('find: an answer that hangs on what is unknown says maybe, and of what', async () => {
  const page = await openPage(browser);
  const need = { removed_nodes: 5, removed_accelerators: 40, unknown_nodes: 3, only_this_nodes: 2 };
  await page.route('**/v1/find?*', async (route) => {
    const answer = await (await route.fetch()).json();
    const site = { id: 's-aaaaaaaaaaaaaaaaaaaaaaaaaa', name: 'far away', region: '540000' };
    const counted = { nodes: 1, maybe_nodes: 3, takes_nodes: 0, accelerators: 17, rate_mflops: null, largest_free_accelerators: 17 };
    const offers = [{ rank: 1, reason: 'if_unknown_is_free', site, pool: null, ...counted, largest_block: null }];
    const needs = { accelerators: need };
    const sums = { answer: 'maybe', wanted_nodes: 4, nodes: 1, maybe_nodes: 3, offer_count: 1, removed_most: 'accelerators' };
    await route.fulfill({ json: { ...answer, ...sums, offers, needs } });
  });
  await goTo(page, 'find?accelerators=17&nodes=4');
  const told = page.locator('.answer.maybe');
  await told.waitFor();
  assert.match(await told.innerText(), /^Maybe[\s\S]*4 wanted; 1 for certain, 3 more at most/);
  assert.match(await told.innerText(), /Not known: “Free accelerators on each node” of 3 nodes/);
  const row = await page.getByRole('region', { name: 'Offers' }).locator('tbody td').allInnerTexts();
  assert.deepEqual(row.slice(0, 9), ['1', 'far away', 'Tibet', 'serves it if what is not known is free', '1', '3', '0', '17', 'over 16']);
  await page.getByText('5 nodes do not fulfil it, and 2 of them would serve the demand but for this').waitFor();
  await checkAccess(page, 'maybe');
  await page.getByRole('button', { name: '中文' }).click();
  assert.match(await told.innerText(), /^可能[\s\S]*确定能满足的有 1 个，另有至多 3 个[\s\S]*未知：3 个节点的“每个节点空闲加速器”/);
  await page.context().close();
});

test('find: a sentence is read, and the form follows; what is not understood is told', async () => {
  const page = await openPage(browser);
  await goTo(page, 'find');
  const asks = '4 nodes in one pool, each with 8 free accelerators, of kind GPU, rated at FP16, with 2 PFLOP/s of all together at least';
  await words(page).fill(`${asks}, painted blue.`);
  await page.getByText('Not understood, and not asked for: “painted blue”').waitFor();
  assert.equal(await page.getByLabel('Free accelerators on each node').inputValue(), '8');
  assert.equal(await page.getByLabel('Together').inputValue(), 'pool');
  assert.equal(await page.getByLabel('Peak of all at least (10¹²/s)').inputValue(), '2000');
  await words(page).press('Enter');
  await page.waitForURL(/accelerators=8/);
  assert.deepEqual(asked(page), {
    nodes: '4',
    accelerators: '8',
    kind: 'gpu',
    precision: 'fp16',
    rate_mflops: '2000000000',
    together: 'pool',
  });
  await page.getByLabel('Nodes', { exact: true }).fill('5');
  assert.match(await words(page).inputValue(), /^5 nodes in one pool, each with 8 free accelerators/);
  await checkQuiet(page, 'a sentence');
  await page.context().close();
});

test('find: every need is said and read back, in both languages', async () => {
  const page = await openPage(browser);
  const all = {
    nodes: '2',
    accelerators: '1',
    model: 'h100, "sxm"',
    vendor: 'NVIDIA',
    kind: 'npu',
    device_memory_gib: '80',
    precision: 'int8',
    device_rate_mflops: '1979500000',
    rate_mflops: '500000',
    cores: '16',
    memory_gib: '64',
    rdma: 'true',
    site: 'here',
    region: '11',
    owner: 'owner-1',
    owner_class: 'state-owned',
    compute_class: 'super',
    security_level: '0',
    public_compute: 'true',
    filter: 'packages >= 2 and hub != "a, b. c"',
    together: 'spread',
  };
  const where = `find?${new URLSearchParams(all)}`;
  await goTo(page, where);
  const english = await words(page).inputValue();
  await page.getByRole('button', { name: '中文' }).click();
  const chinese = await page.getByLabel('需求的文字描述').inputValue();
  assert.match(english, /in division Beijing, .*where “packages >= 2 and hub != "a, b\. c"”\.$/);
  assert.match(chinese, /位于省级区划 北京，.*产权属性为 /);
  for (const text of [english, chinese]) {
    await goTo(page, 'find');
    await page.getByLabel('需求的文字描述').fill(text);
    await page.getByLabel('需求的文字描述').press('Enter');
    await page.waitForURL(/together=spread/);
    assert.deepEqual(asked(page), all, text);
    assert.equal(await page.locator('.demand .note').count(), 0);
  }
  await checkAccess(page, 'every need');
  await page.context().close();
});

test('find: what the API refuses is told at its field', async () => {
  const page = await openPage(browser);
  await goTo(page, 'find?accelerators=many');
  const field = page.getByLabel('Free accelerators on each node');
  await page.getByText('Must be a number from 1 to 1000000.').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  const told = await field.getAttribute('aria-describedby');
  assert.equal(await page.locator(`#${told}`).getAttribute('role'), 'alert');
  await checkAccess(page, 'a refusal');
  await field.fill('1');
  await page.getByLabel('Site', { exact: true }).fill('her');
  await page.getByLabel('Site', { exact: true }).press('Enter');
  await page.getByText('did you mean here?').waitFor();
  assert.equal(await page.getByLabel('Site', { exact: true }).getAttribute('aria-invalid'), 'true');
  assert.equal(await field.getAttribute('aria-invalid'), null);
  await page.getByLabel('Site', { exact: true }).fill('here');
  await answerTo(page, () => page.getByLabel('Site', { exact: true }).press('Enter'));
  assert.equal(await page.locator('.problem').count(), 0);
  await goTo(page, 'find?nodes=2');
  await page.getByText('Say what each node must have free').waitFor();
  await checkQuiet(page, 'refusals');
  await page.context().close();
});

test('find: on a phone nothing is wider than the screen, and the answer is gone to', async () => {
  const page = await openPage(browser, { viewport: { width: 360, height: 740 } });
  await goTo(page, 'find');
  await page.getByLabel('Free hardware threads (PUs)').fill('1');
  await answerTo(page, () => page.getByRole('button', { name: 'Find', exact: true }).click());
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  const box = await page.locator('.answer').boundingBox();
  assert.ok(box.y >= -5 && box.y < 740, `the answer stands at ${box.y}`);
  assert.ok((await api('/v1/find?cores=1')).considered_nodes > 0);
  await page.context().close();
});

test('find: by keyboard alone, from the top of the page to an answer', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map');
  const focused = () => page.evaluate(() => [document.activeElement.tagName, document.activeElement.textContent.trim()]);
  for (let step = 0; step < 20 && (await focused())[1] !== 'Find capacity'; step += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(/find/);
  await settled(page);
  for (let step = 0; step < 20 && (await focused())[0] !== 'TEXTAREA'; step += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('2 nodes spread over sites, each with 1 free hardware thread.');
  const answer = await answerTo(page, () => page.keyboard.press('Enter'));
  assert.deepEqual(asked(page), { nodes: '2', cores: '1', together: 'spread' });
  assert.equal(answer.wanted_nodes, 2);
  await checkQuiet(page, 'the keyboard');
  await page.context().close();
});
