// Keys and what they may do, in Chromium.

const assert = require('node:assert');
const { test } = require('node:test');
const {
  ask,
  browser,
  calls,
  collection,
  go,
  lacks,
  open,
  quiet,
  server,
  signIn,
  visit,
} = require('./support.js');

test('a wrong key is refused, and the right one is kept for the tab alone', async (t) => {
  const { url } = await server(t, ['--api-key', 'right']);
  const { context, page } = await browser(t);
  await visit(page, url);
  await page.getByLabel('API key').fill('wrong');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('alert').getByText('The API key is not known').waitFor();
  await page.getByLabel('API key').fill('right');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  assert.ok(
    !(await page.evaluate(() => JSON.stringify(localStorage) + document.cookie + location.href)).includes(
      'right',
    ),
  );

  const other = await open(context);
  await visit(other, url);
  await other.getByLabel('API key').waitFor();

  await page.getByRole('button', { name: 'Forget the key' }).click();
  await page.getByLabel('API key').waitFor();
  assert.strictEqual(await page.evaluate(() => sessionStorage.getItem('rockset-key')), null);
  quiet(page);
});

test('a key that may only read is told before it tries', async (t) => {
  const { url } = await server(t, ['--api-key', 'right', '--read-only-api-key', 'reader']);
  await collection(calls(url, 'right'), 'c', [{ _id: 'a' }]);
  const { page } = await browser(t);
  await signIn(page, url, 'reader');
  await page.getByText('This key may read and query, and not change anything.').waitFor();
  await lacks(page, 'New collection', 'CREATE_COLLECTION_WS');
  await go(page, '#/workspaces', 'Workspaces');
  await lacks(page, 'New workspace', 'CREATE_WS_GLOBAL');
  await lacks(page, 'Delete the workspace commons', 'DELETE_WS');
  await go(page, '#/scheduled', 'Scheduled lambdas');
  await lacks(page, 'New scheduled lambda', 'CREATE_SCHEDULED_LAMBDA_WS');
  await go(page, '#/c/commons/c', 'commons.c');
  await lacks(page, 'Delete the collection', 'DELETE_COLLECTION_WS');
  await go(page, '#/ask', 'Ask');
  await ask(page, 'SELECT _id FROM c');
  await page.getByRole('cell', { name: 'a', exact: true }).waitFor();
  quiet(page);
});

test('a role of few privileges is told what it may, from one request to the next', async (t) => {
  const { url } = await server(t, ['--api-key', 'right']);
  const call = calls(url, 'right');
  await call('POST', '/ws', { name: 'shop' });
  await collection(call, 'c', [{ _id: 'a' }]);
  for (const workspace of ['shop', 'commons'])
    await call('POST', `/ws/${workspace}/aliases`, { name: 'd', collections: ['commons.c'] });
  const privileges = [
    { action: 'LIST_RESOURCES_WS' },
    { action: 'QUERY_DATA_WS' },
    { action: 'CREATE_ALIAS_WS', resource_name: 'shop' },
  ];
  await call('POST', '/roles', { role_name: 'r', privileges });
  const { data } = await call('POST', '/users/self/apikeys', { name: 'k', role: 'r' });
  const { page } = await browser(t);
  // This key may not list workspaces; it knows those of what it sees.
  await signIn(page, url, data.key);
  await page.getByText('This key may not do everything.').waitFor();
  await lacks(page, 'New collection', 'CREATE_COLLECTION_WS');
  await go(page, '#/aliases', 'Aliases');
  await lacks(page, 'Change commons.d', 'CREATE_ALIAS_WS on commons');
  await lacks(page, 'Delete the alias shop.d', 'DELETE_ALIAS_WS');
  await page.getByRole('button', { name: 'Change shop.d' }).click();
  await page.getByLabel('Description').fill('another name');
  await page.getByRole('dialog').getByRole('button', { name: 'Change' }).click();
  await page.getByText('another name').first().waitFor();
  await call('POST', '/roles/r', {
    privileges: [...privileges, { action: 'DELETE_ALIAS_WS', resource_name: 'shop' }],
  });
  await page.locator('button[aria-label="Delete the alias shop.d"]:not([aria-disabled])').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'shop.d', exact: true }).waitFor({ state: 'detached' });
  await lacks(page, 'Delete the alias commons.d', 'DELETE_ALIAS_WS on commons');
  quiet(page);
});

test('users, roles and keys are made, changed and deleted', async (t) => {
  const { url } = await server(t, ['--api-key', 'right']);
  const call = calls(url, 'right');
  const { page } = await browser(t);
  await signIn(page, url, 'right');
  const save = (how) => page.getByRole('dialog').getByRole('button', { name: how, exact: true }).click();

  await go(page, '#/roles', 'Roles');
  await page.getByRole('button', { name: 'New role' }).click();
  await page.getByLabel('Name').fill('reader');
  await save('Create');
  await page.getByRole('heading', { name: 'reader' }).waitFor();
  await page.getByRole('button', { name: 'Change reader' }).click();
  await page.getByLabel('Description').fill('may look');
  await save('Change');
  await page.getByText('may look').first().waitFor();
  const { data: roles } = await call('GET', '/roles');
  assert.deepStrictEqual(roles[0].privileges, [
    { action: 'QUERY_DATA_WS', resource_name: 'commons', cluster: '*ALL*' },
  ]);

  await go(page, '#/users', 'Users');
  await page.getByRole('heading', { name: 'local@localhost' }).waitFor();
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByLabel('Email').fill('ana@example.com');
  await page.getByLabel('Roles, one a line').fill('reader\nread-only');
  await save('Create');
  await page.getByRole('heading', { name: 'ana@example.com', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Change ana@example.com' }).click();
  await page.getByLabel('First name').fill('Ana');
  await save('Change');
  await page.getByText('Ana').first().waitFor();
  await page.getByRole('button', { name: 'Delete the user ana@example.com' }).click();
  await save('Delete');
  await page.getByRole('heading', { name: 'ana@example.com', exact: true }).waitFor({ state: 'detached' });

  await go(page, '#/keys', 'API keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  await page.getByLabel('Name').fill('app');
  await page.getByLabel('Role').fill('reader');
  await save('Create');
  const key = await page.getByRole('dialog').locator('code').innerText();
  assert.match(key, /^[A-Za-z0-9]{64}$/);
  await save('Close');
  await page.getByRole('heading', { name: 'app' }).waitFor();
  await page.getByRole('button', { name: 'Change app' }).click();
  await page.getByLabel('State').selectOption('SUSPENDED');
  await save('Change');
  await page.getByText('SUSPENDED').first().waitFor();
  const refused = await fetch(`${url}/v1/orgs/self`, { headers: { Authorization: `ApiKey ${key}` } });
  assert.strictEqual(refused.status, 401);
  await page.getByRole('button', { name: 'Delete the API key app' }).click();
  await save('Delete');
  await page.getByText('None.').waitFor();
  quiet(page);
});
