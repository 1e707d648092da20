// Pictures of the views, for people to look at: CAPMAP_SHOTS names their folder.
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { api, goTo, openBrowser, openPage } from './page.js';

const folder = process.env.CAPMAP_SHOTS ?? `${process.env.CAPMAP_FOLDER}/shots`;
let browser;
before(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await openBrowser();
});
after(() => browser?.close());

const screens = [
  { name: 'desk', viewport: { width: 1440, height: 900 }, colorScheme: 'light', locale: 'en-US' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'zh-CN' },
  { name: 'wall', viewport: { width: 3840, height: 2160 }, colorScheme: 'dark', locale: 'zh-CN' },
];
for (const { name, ...options } of screens) {
  test(`pictures of ${name}`, { timeout: 300_000 }, async () => {
    const page = await openPage(browser, options);
    const node = (await api('/v1/nodes?limit=1&filter=accelerators%3E0')).nodes[0].id;
    const places = {
      map: 'map',
      free: 'map?metric=free&resource=cores',
      points: 'map?as=points&metric=free&resource=cores',
      ranking: 'ranking',
      node: `node/${node}`,
      hardware: 'hardware?precision=fp16',
      find: 'find?accelerators=1&precision=fp16',
      health: 'health',
      history: 'history?span=1h',
      imbalance: 'imbalance?name=class',
      controller: 'controller',
    };
    for (const [what, where] of Object.entries(places)) {
      await goTo(page, where);
      await page.waitForTimeout(1_000);
      await page.screenshot({ path: `${folder}/${name}-${what}.png` });
    }
    await page.context().close();
  });
}
