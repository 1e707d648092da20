// Logging in and what admins do: a wrong password, a token to paste, an approval by one press, users, the audit; and its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, checkAccess, checkQuiet, goTo, logIn, openBrowser, openPage, saved, settled, url } from './page.js';

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

test('who shows a wrong password is told so, and stays a stranger', async () => {
  const page = await openPage(browser);
  await goTo(page, 'login');
  await checkAccess(page, 'login');
  await page.getByLabel('User', { exact: true }).fill('looker');
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.locator('main').getByRole('button', { name: 'Log in' }).click();
  await page.getByText('is wrong').waitFor({ timeout: 20_000 });
  await goTo(page, 'joining');
  await page.getByText('This is for admins').waitFor();
  await page.context().close();
});

test('a viewer may not see who joins, and is told why', async () => {
  const page = await openPage(browser);
  await logIn(page, 'looker');
  await goTo(page, 'joining?tab=audit');
  await page.getByText('This is for admins').waitFor();
  await checkQuiet(page, 'a viewer');
  await page.context().close();
});

test('an admin makes a token, revokes it, adds a user and stops them, reads the audit; the end of the session is told', async () => {
  const page = await openPage(browser);
  await logIn(page);
  const cookies = await page.context().cookies();
  assert.ok(cookies.some((cookie) => cookie.name === '__Host-capmap' && cookie.httpOnly && cookie.sameSite === 'Strict'));
  assert.equal(await page.evaluate(() => document.cookie), '');
  for (const tab of ['waiting', 'tokens', 'keys', 'users', 'audit']) {
    await goTo(page, `joining?tab=${tab}`);
    await checkAccess(page, `joining ${tab}`);
  }
  await goTo(page, 'joining?tab=tokens');
  await page.getByLabel('Site', { exact: true }).fill('here');
  await page.getByLabel('Name', { exact: true }).fill('from-the-console');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const line = await page.locator('code.line').innerText();
  assert.match(line, /^capmap-agent join \S{40,}$/);
  await page.getByRole('button', { name: 'Revoke from-the-console' }).click();
  await page.getByText('from-the-console is revoked').waitFor();
  await goTo(page, 'joining?tab=users');
  await page.getByLabel('User', { exact: true }).fill('guest');
  await page.getByLabel('Password (12 characters at least)').fill('a long enough one');
  await page.getByRole('button', { name: 'Add user' }).click();
  await page.getByText('guest may ask now').waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: 'Disable guest' }).click();
  await page.getByText('guest may not ask any more').waitFor();
  await goTo(page, 'joining?tab=audit');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText('The chain is whole').waitFor();
  const file = await saved(page, page.getByRole('button', { name: 'CSV' }));
  assert.match(file.text, /duty/);
  assert.doesNotMatch(file.text, /a long enough one/);
  await checkQuiet(page, 'an admin');
  // The cookie goes, as it does when a session is over: what was an admin's is not shown any more.
  await page.context().clearCookies();
  await page.getByText('The session is over').waitFor({ timeout: 30_000 });
  await page.context().close();
});

test('logging out ends the session at the controller', async () => {
  const page = await openPage(browser);
  await logIn(page);
  const [cookie] = await page.context().cookies();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.locator('header').getByRole('link', { name: 'Log in' }).waitFor();
  const after = await fetch(`${url}/v1/session`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal(after.status, 401);
  await page.context().close();
});

test('a change from another page without the token that goes beside the cookie is refused', async () => {
  const page = await openPage(browser);
  await logIn(page);
  const status = await page.evaluate(
    async () =>
      (await fetch('/v1/sites', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"forged"}' })).status,
  );
  assert.equal(status, 403);
  assert.ok(!(await api('/v1/sites')).sites.some((site) => site.name === 'forged'));
  await settled(page);
  await page.context().close();
});
