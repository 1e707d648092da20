// By keyboard alone: from the top of the page to a node and to an export, each step by keys that anybody has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkQuiet, goTo, openBrowser, openPage, settled, url } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const focused = (page) => page.evaluate(() => (document.activeElement?.textContent ?? '').trim());

/// Goes on by Tab until what has the focus says this.
async function tabTo(page, text, most = 120) {
  for (let step = 0; step < most; step += 1) {
    if (text.test(await focused(page))) {
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', `${text} has the focus and shows it`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`${text} is not reached by ${most} presses of Tab`);
}

test('the map is passed over, the ranking is opened, sorted, gone down to a node, exported', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map');
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /Skip to the content/);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.reload();
  await settled(page);
  await tabTo(page, /^Ranking$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/ranking/);
  await settled(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'a new view begins at its top');
  await tabTo(page, /^Nodes$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/sort=-nodes/);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    (async () => {
      for (let step = 0; step < 60 && !/^CSV$/.test(await focused(page)); step += 1) await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
    })(),
  ]);
  assert.match(download.suggestedFilename(), /capmap-ranking-.*\.csv/);
  await tabTo(page, /^Beijing$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/region=11/);
  await settled(page);
  await tabTo(page, /^(dc|ai)-11-0$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/site=/);
  await settled(page);
  await tabTo(page, /^sim-\d+$/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/node\/n-/);
  await settled(page);
  assert.match(await page.locator('h1').innerText(), /^sim-/);
  await checkQuiet(page, 'the keyboard');
  await page.context().close();
});

test('the canvas is moved and zoomed by keys', async () => {
  const page = await openPage(browser);
  await goTo(page, 'map?as=points');
  await page.locator('.plane').focus();
  const picture = () => page.locator('canvas').evaluate((canvas) => canvas.toDataURL());
  await page.waitForTimeout(500);
  const first = await picture();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  await page.waitForTimeout(500);
  assert.notEqual(await picture(), first);
  await page.keyboard.press('0');
  await page.waitForTimeout(500);
  assert.equal(await picture(), first, `${url} shows all again`);
  await page.context().close();
});
