// Virtual instances with their mounts and queries, in Chromium.

const assert = require('node:assert');
const { test } = require('node:test');
const { browser, collection, go, quiet, server, signIn } = require('./support.js');

test('a virtual instance is made, gets a mount, runs a query, and is suspended', async (t) => {
  const { url, call } = await server(t);
  await collection(call, 'c', [{ _id: 'a' }]);
  const { page } = await browser(t);
  await signIn(page, url);
  const dialog = page.getByRole('dialog');
  const save = (how) => dialog.getByRole('button', { name: how, exact: true }).click();

  await go(page, '#/instances', 'Virtual instances');
  await page.getByText('Every collection is mounted here.').waitFor();
  for (const name of ['Suspend main', 'Delete the virtual instance main']) {
    const button = page.getByRole('button', { name });
    assert.strictEqual(await button.getAttribute('aria-disabled'), 'true', name);
    assert.match(await button.getAttribute('title'), /is always there/);
  }
  await page.getByRole('button', { name: 'New virtual instance' }).click();
  await page.getByLabel('Name').fill('reports');
  await page.getByLabel('What queries see of mounted collections').selectOption('STATIC');
  await page.getByLabel('Mounts after a suspension').selectOption('are gone');
  await save('Create');
  const panel = page.getByRole('region', { name: 'reports' });
  await panel.getByText('ACTIVE', { exact: true }).waitFor();
  await panel.getByRole('button', { name: 'Mount a collection on reports' }).click();
  await page.getByLabel('Collection', { exact: true }).selectOption('commons.c');
  await save('Mount');
  const mount = panel.getByRole('listitem').filter({ hasText: 'commons.c' });
  await mount.getByText('STATIC').waitFor();

  const { id } = (await call('GET', '/virtualinstances')).data.find((it) => it.name === 'reports');
  const text = 'SELECT _id FROM c -- of reports';
  await call('POST', `/virtualinstances/${id}/queries`, { sql: { query: text } });
  await go(page, '#/queries', 'Queries');
  await page.getByRole('region', { name: 'Ended' }).getByRole('link', { name: text }).waitFor();

  await go(page, '#/instances', 'Virtual instances');
  await mount.getByRole('button', { name: 'Delete the mount of commons.c on reports' }).click();
  await save('Delete');
  await mount.waitFor({ state: 'detached' });
  assert.deepStrictEqual((await call('GET', `/virtualinstances/${id}/mounts`)).data, []);

  await page.getByRole('button', { name: 'Suspend reports' }).click();
  await panel.getByText('SUSPENDED', { exact: true }).waitFor();
  assert.ok(await panel.getByRole('button', { name: 'Mount a collection on reports' }).isDisabled());
  await page.getByRole('button', { name: 'Delete the virtual instance reports' }).click();
  await save('Delete');
  await panel.waitFor({ state: 'detached' });
  quiet(page);
});
