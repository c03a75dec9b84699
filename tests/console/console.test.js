// The console, in Chromium: what is here, and every page of it.

const assert = require('node:assert');
const { mkdir, mkdtemp, readFile, rm, symlink, writeFile } = require('node:fs/promises');
const { spawnSync } = require('node:child_process');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const {
  ROOT,
  WITH_ENGINE,
  WITHOUT_ENGINE,
  accessible,
  ask,
  browser,
  collection,
  fits,
  go,
  instance,
  lacks,
  quiet,
  server,
  signIn,
  started,
  visit,
} = require('./support.js');

/** The address of each page, its heading, and what it shows once it knows everything. */
const PAGES = [
  ['#/', 'Home', 'commons.c'],
  ['#/ask', 'Ask', 'Run'],
  ['#/lambdas', 'Query lambdas', 'one'],
  ['#/scheduled', 'Scheduled lambdas', 'commons.one at 0 6 * * 1'],
  ['#/queries', 'Queries', 'Running and waiting'],
  ['#/workspaces', 'Workspaces', '2 collections'],
  ['#/aliases', 'Aliases', 'None.'],
  ['#/views', 'Views', 'None.'],
  ['#/integrations', 'Integrations', 'No collection reads through it.'],
  ['#/instances', 'Virtual instances', 'LIVE'],
  ['#/users', 'Users', 'Who may sign in'],
  ['#/roles', 'Roles', 'Sets of privileges'],
  ['#/keys', 'API keys', 'Keys of the user'],
  ['#/c/commons/c/documents', 'commons.c', '_id: "a"'],
  ['#/c/commons/c/fields', 'commons.c', 'place.tags[*]'],
  ['#/c/commons/c/definition', 'commons.c', 'created_at'],
  ['#/c/commons/c/sources', 'commons.c', 'Every record became a document.'],
  ['#/c/commons/c/transformation', 'commons.c', 'To try it'],
];

/** Pages with a button that opens a form. */
const DIALOGS = [
  ['#/', 'Home', 'New collection'],
  ['#/scheduled', 'Scheduled lambdas', 'New scheduled lambda'],
  ['#/scheduled', 'Scheduled lambdas', 'Change commons.one at 0 6 * * 1'],
  ['#/instances', 'Virtual instances', 'Mount a collection on second'],
];

test('the lines for clients work as they are copied', async (t) => {
  const key = `it's "right" $HOME`;
  const { url } = await server(t, ['--api-key', key]);
  const programs = await mkdtemp(path.join(tmpdir(), 'console-'));
  t.after(() => rm(programs, { recursive: true }));
  await symlink(WITH_ENGINE, path.join(programs, 'materialize-rockset'));
  const { context, page } = await browser(t);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, url, key);
  assert.ok(!(await page.getByRole('main').textContent()).includes(key));
  const line = async (client) => {
    await page.getByRole('tab', { name: client }).click();
    await page.getByRole('tabpanel').getByRole('button').click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const run = (command, input) => {
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` };
    return spawnSync('bash', ['-c', command], { env, input, encoding: 'utf8' }).stdout;
  };
  const { data } = JSON.parse(run(await line('curl')));
  assert.deepStrictEqual(
    data.map((it) => it.name),
    ['_events'],
  );
  assert.deepStrictEqual(JSON.parse(run(await line('SQL prompt'), 'SELECT 41 + 1 AS answer;')), {
    answer: 42,
  });
  assert.ok((await line('Node.js')).includes(JSON.stringify(key)));
  await page.getByRole('button', { name: 'Show the key' }).click();
  assert.ok((await page.getByRole('tabpanel').textContent()).includes(JSON.stringify(key)));
  quiet(page);
});

test('a collection fills while a materialization runs, and stays', async (t) => {
  const args = [
    'preview',
    '--local',
    '--keep',
    '--source',
    'examples/earthquakes/flow.yaml',
    '--fixture',
    '-',
  ];
  const preview = await started(WITH_ENGINE, args, /the console is at (\S+),/);
  t.after(() => preview.child.kill('SIGKILL'));
  const { page } = await browser(t);
  await signIn(page, preview.url);
  const lines = (await readFile(path.join(ROOT, 'examples/earthquakes/fixture.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n');
  const commit = lines.findIndex((line) => line.startsWith('{"commit"'));
  preview.child.stdin.write(`${lines.slice(0, commit + 1).join('\n')}\n`);
  const row = page.getByRole('row', { name: /geology\.earthquakes/ });
  await row.getByText('198', { exact: true }).waitFor();
  preview.child.stdin.end(`${lines.slice(commit + 1).join('\n')}\n`);
  await row.getByText('1,707').waitFor();
  await row.getByText('READY').waitFor();
  await page.getByText('1,707 documents').waitFor();
  await page.getByRole('img', { name: /Documents a second/ }).waitFor();

  await row.getByRole('link').click();
  await page.getByText(/^1,707 documents, /).waitFor();
  quiet(page);
  assert.strictEqual(await preview.stop(), 0);
});

test('every page is for everybody: axe, light, dark, and a width of a phone', async (t) => {
  const { url, call } = await server(t);
  await collection(call, 'c', [
    { _id: 'a', place: { lat: 1, tags: ['x', 'y'] }, n: 1.5 },
    { _id: 'b', n: null },
  ]);
  await call('POST', '/integrations', {
    name: 'k',
    kafka: { kafka_topic_names: ['t'] },
  });
  await call('POST', '/ws/commons/lambdas', { name: 'one', sql: { query: 'SELECT 1 AS one' } });
  const schedule = { ql_name: 'one', tag: 'latest', cron_string: '0 6 * * 1', apikey: 'any' };
  await call('POST', '/ws/commons/scheduled_lambdas', { ...schedule, webhook_url: `${url}/done` });
  await instance(call, 'second', ['commons.c']);
  const phone = { viewport: { width: 360, height: 740 } };
  for (const [name, settings] of [
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['phone', phone],
  ]) {
    const { page } = await browser(t, settings);
    await visit(page, url);
    await accessible(page, `the key, ${name}`);
    await signIn(page, url);
    for (const [hash, heading, shown] of PAGES) {
      await go(page, hash, heading);
      await page.getByRole('main').getByText(shown).first().waitFor();
      await accessible(page, `${hash}, ${name}`);
      await fits(page, `${hash}, ${name}`);
    }
    for (const [hash, heading, button] of DIALOGS) {
      await go(page, hash, heading);
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('dialog').waitFor();
      await accessible(page, `${button}, ${name}`);
      await fits(page, `${button}, ${name}`);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    quiet(page);
  }
});

test('it can be used by the keyboard alone', async (t) => {
  const { url, call } = await server(t);
  await call('POST', '/ws/commons/lambdas', { name: 'l', sql: { query: 'SELECT 1 AS one' } });
  const { page } = await browser(t);
  await visit(page, url);
  await page.getByLabel('API key').waitFor();
  await page.keyboard.type('any');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  await tabTo(page, 'Ask');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Ask' }).waitFor();
  await tabTo(page, 'SQL');
  await page.keyboard.type('SELECT 41 + 1 AS answer');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('cell', { name: '42' }).waitFor();
  await tabTo(page, 'Table');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('region', { name: 'Rows as JSON' }).getByText('"answer": 42').waitFor();
  // The editor keeps Tab for moving on, too.
  await tabTo(page, 'Skip to the content');
  await tabTo(page, 'Scheduled lambdas');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Scheduled lambdas' }).waitFor();
  await tabTo(page, 'New scheduled lambda');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type('l');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
  await page.keyboard.type('0 6 * * 1');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'commons.l at 0 6 * * 1' }).waitFor();
  quiet(page);
});

/** Presses Tab until what has this name is in focus. */
async function tabTo(page, name) {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      let it = document.activeElement;
      while (it?.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
      return it?.getAttribute('aria-label') ?? it?.textContent;
    });
    if (focused === name) return;
  }
  assert.fail(`Tab does not lead to ${name}`);
}

test('hostile documents and names are text', async (t) => {
  const { url, call } = await server(t);
  const hostile = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>';
  await collection(
    call,
    'c',
    [
      {
        _id: hostile,
        [hostile]: { [hostile]: [hostile, 'javascript:window.hacked=1'] },
        __proto__x: 1,
      },
    ],
    { description: hostile },
  );
  const { page } = await browser(t);
  // No name on this server can have such letters; one of another server may.
  await page.route('**/v1/orgs/self/collections', (route) =>
    route.fulfill({
      json: {
        data: [
          {
            workspace: hostile,
            name: hostile,
            status: hostile,
            stats: { doc_count: 7, total_size: 1 },
            sources: [
              {
                id: hostile,
                s3: { object_count_total: 1 },
                status: { state: hostile },
              },
            ],
          },
        ],
      },
    }),
  );
  await page.route('**/v1/orgs/self/lambdas', (route) =>
    route.fulfill({
      json: {
        data: [
          {
            workspace: hostile,
            name: hostile,
            latest_version: { description: hostile },
          },
        ],
      },
    }),
  );
  await page.route('**/v1/orgs/self/users', (route) =>
    route.fulfill({ json: { data: [{ email: hostile, roles: [hostile] }] } }),
  );
  await page.route('**/v1/orgs/self/lambdas/scheduled_lambdas', (route) =>
    route.fulfill({
      json: {
        data: [
          {
            rrn: hostile,
            workspace: hostile,
            ql_name: hostile,
            cron_string: hostile,
            tag: hostile,
            next_execution_date: hostile,
            webhook_url: 'javascript:window.hacked=1',
            webhook_payload: hostile,
            query_execution_status: { state: 'ERROR', message: hostile },
          },
        ],
      },
    }),
  );
  await page.route('**/v1/orgs/self/virtualinstances', (route) =>
    route.fulfill({ json: { data: [{ id: 'v', name: hostile, state: hostile }] } }),
  );
  await page.route('**/v1/orgs/self/virtualinstances/v/mounts', (route) =>
    route.fulfill({ json: { data: [{ collection_path: `${hostile}.${hostile}`, state: hostile }] } }),
  );
  await signIn(page, url);
  await page.getByRole('link', { name: `${hostile}.${hostile}` }).waitFor();
  await go(page, '#/c/commons/c', 'commons.c');
  await page.getByText(hostile, { exact: true }).first().waitFor();
  await page.locator('.documents summary').first().click();
  await page.locator('.documents .name').getByText(hostile, { exact: true }).first().waitFor();
  await go(page, '#/c/commons/c/fields', 'commons.c');
  await page.getByRole('rowheader').getByText('onerror').first().waitFor();
  await go(page, '#/c/commons/c/definition', 'commons.c');
  await go(page, '#/lambdas', 'Query lambdas');
  await page.getByRole('link', { name: `${hostile}.${hostile}` }).waitFor();
  await go(page, '#/users', 'Users');
  await page.getByRole('heading', { name: hostile }).waitFor();
  await go(page, '#/scheduled', 'Scheduled lambdas');
  await page.getByRole('heading', { name: `${hostile}.${hostile} at ${hostile}` }).waitFor();
  await page.getByText(`The query: ${hostile}`).waitFor();
  await page.locator('main summary').first().click();
  await page.locator('main .value').getByText('javascript:window.hacked=1').waitFor();
  await go(page, '#/instances', 'Virtual instances');
  await page.getByRole('heading', { name: hostile }).waitFor();
  await page.getByRole('link', { name: `${hostile}.${hostile}` }).waitFor();
  await go(page, '#/ask', 'Ask');
  await ask(page, 'SELECT * FROM c');
  await page.getByRole('columnheader', { name: hostile }).waitFor();
  await ask(page, `SELECT * FROM "${hostile.replaceAll('"', '""')}"`);
  await page.getByRole('alert').getByText('onerror').first().waitFor();
  assert.strictEqual(await page.evaluate(() => window.hacked), undefined);
  assert.strictEqual(await page.locator('main img').count(), 0);
  quiet(page);
});

test('a thousand collections', async (t) => {
  const { url, call } = await server(t);
  const names = Array.from({ length: 1000 }, (_, i) => `c${String(i).padStart(4, '0')}`);
  for (let i = 0; i < names.length; i += 20) {
    await Promise.all(
      names.slice(i, i + 20).map((name) => call('POST', '/ws/commons/collections', { name })),
    );
  }
  const { page } = await browser(t);
  await signIn(page, url);
  await page.getByText('1,000 collections in 1 workspace').waitFor();
  await page.getByLabel('Find').fill('C0997');
  await page.getByRole('link', { name: 'commons.c0996' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'commons.c0997' }).waitFor();
  assert.strictEqual(
    await page.getByRole('region', { name: 'List of collections' }).getByRole('row').count(),
    2,
  );
  quiet(page);
});

test('without the engine it says what is missing, and shows all else', async (t) => {
  const { url, call } = await server(t, [], WITHOUT_ENGINE);
  await collection(call, 'c', [
    { _id: 'a', n: 1 },
    { _id: 'b', n: 2 },
  ]);
  const { page } = await browser(t);
  await signIn(page, url);
  await page.getByRole('link', { name: 'commons.c' }).waitFor();
  await go(page, '#/ask', 'Ask');
  await page.getByText('build it with the feature `engine`').first().waitFor();
  await page.getByText('cargo run --release --features engine -- local').waitFor();
  await go(page, '#/c/commons/c', 'commons.c');
  await page.locator('.documents > details').nth(1).waitFor();
  await page.getByRole('searchbox', { name: '_id' }).fill('b');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.locator('.documents > details').filter({ hasText: '_id: "a"' }).waitFor({ state: 'detached' });
  await page.locator('.documents > details').filter({ hasText: '_id: "b"' }).waitFor();
  assert.strictEqual(await page.locator('.documents > details').count(), 1);
  await go(page, '#/c/commons/c/fields', 'commons.c');
  await page.getByRole('note').getByText('`engine`').waitFor();
  for (const [hash, heading, noun] of [
    ['#/scheduled', 'Scheduled lambdas', 'scheduled lambda'],
    ['#/views', 'Views', 'view'],
  ]) {
    await go(page, hash, heading);
    await lacks(page, `New ${noun}`, 'build it with the feature `engine`');
  }
  quiet(page);
});

test('what the server lacks is said in its words', async (t) => {
  const { url } = await server(t);
  const { page } = await browser(t);
  const told = {
    type: 'NOTIMPLEMENTEDYET',
    message: 'The local Rockset does not implement listRoles (GET /v1/orgs/self/roles)',
  };
  await page.route('**/v1/orgs/self/roles', (route) => route.fulfill({ status: 501, json: told }));
  await signIn(page, url);
  await go(page, '#/roles', 'Roles');
  await page.getByRole('note').getByText(told.message).waitFor();
  assert.strictEqual(await page.getByRole('button', { name: 'New role' }).count(), 0);
});

test('workspaces, collections and integrations are made and deleted', async (t) => {
  const { url, call } = await server(t);
  const { page } = await browser(t);
  await signIn(page, url);
  await page.getByRole('link', { name: '1 workspace' }).click();
  await page.getByRole('button', { name: 'New workspace' }).click();
  await page.getByLabel('Name').fill('shop');
  await page.getByLabel('Description').fill('what we sell');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('0 collections, what we sell').waitFor();

  await go(page, '#/', 'Home');
  await page.getByText('0 collections in 2 workspaces').waitFor();
  await page.getByRole('button', { name: 'New collection' }).click();
  await page.getByRole('combobox', { name: 'Workspace' }).selectOption('shop');
  await page.getByLabel('Name').fill('not a name');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Name').fill('orders');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('link', { name: 'shop.orders' }).click();
  await page.getByRole('button', { name: 'Delete the collection shop.orders' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('0 collections in 2 workspaces').waitFor();
  assert.deepStrictEqual((await call('GET', '/ws/shop/collections')).data, []);
  await go(page, '#/workspaces', 'Workspaces');
  await page.getByRole('button', { name: 'Delete the workspace shop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'shop', exact: true }).waitFor({ state: 'detached' });

  await go(page, '#/integrations', 'Integrations');
  await page.getByRole('button', { name: 'New integration' }).click();
  await page.getByLabel('Name').fill('topics');
  await page.getByLabel('Kind and credentials').fill('{"kafka": {"kafka_topic_names": ["t"]}}');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'topics' }).waitFor();
  await page.getByRole('button', { name: 'Delete the integration topics' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('None.').waitFor();
  quiet(page);
});

test('a transformation is tried on one document', async (t) => {
  const { url, call } = await server(t);
  await collection(call, 'c', [], {
    field_mapping_query: {
      sql: 'SELECT n + 1 AS m, * FROM _input WHERE n < 10',
    },
  });
  const { page } = await browser(t);
  await signIn(page, url);
  await go(page, '#/c/commons/c/transformation', 'commons.c');
  const document = page.getByLabel('A document to try it on');
  await document.fill('{"_id": "a", "n": 4}');
  await page.getByRole('button', { name: 'Try' }).click();
  await page.getByText('m: 5').first().waitFor();
  await document.fill('{"_id": "a", "n": 40}');
  await page.getByRole('button', { name: 'Try' }).click();
  await page.getByText('leaves this document out').waitFor();
  const names = async () =>
    (await call('GET', '/collections')).data
      .filter((it) => it.status !== 'DELETED' && !it.read_only)
      .map((it) => it.name);
  while ((await names()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepStrictEqual(await names(), ['c']);
  quiet(page);
});

test('sources show how far they are, and what they could not read', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'console-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, 'files'));
  await writeFile(path.join(folder, 'files', '1.jsonl'), '{"_id": "1"}\nnothing\n');
  await writeFile(path.join(folder, 'files', '2.jsonl'), '{"_id": "2"}\n');
  const { url, call } = await server(t, ['--s3-directory', folder]);
  await call('POST', '/integrations', { name: 's3', s3: {} });
  const sources = [{ integration_name: 's3', s3: { bucket: 'files' } }];
  await call('POST', '/ws/commons/collections', { name: 'c', sources });
  const { page } = await browser(t);
  await signIn(page, url);
  const row = page.getByRole('row', { name: /commons\.c/ });
  await row.getByText('2 of 2 objects').waitFor();
  await row.getByText('WATCHING').waitFor();
  await accessible(page, 'a source');
  await go(page, '#/integrations', 'Integrations');
  await page.getByRole('listitem').filter({ hasText: 'commons.c' }).getByText('2 of 2 objects').waitFor();
  await go(page, '#/c/commons/c/sources', 'commons.c');
  await page.getByRole('heading', { name: 's3' }).waitFor();
  await page.locator('.bad-records li').filter({ hasText: '1.jsonl' }).waitFor();
  await page.getByRole('button', { name: 'Suspend' }).click();
  await page.getByText('SUSPENDED').first().waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Suspend' }).waitFor();
  quiet(page);
});

test('bad records have their reasons', async (t) => {
  const { url, call } = await server(t);
  await collection(call, 'c', []);
  const form = new FormData();
  const text = '{"_id": "good"}\nnothing\n';
  form.append('file', new Blob([text]), 'a.json');
  form.append('size', String(text.length));
  form.append('params', JSON.stringify({ json: true }));
  const sent = await fetch(`${url}/v1/orgs/self/ws/commons/collections/c/uploads`, {
    method: 'POST',
    headers: { Authorization: 'ApiKey any' },
    body: form,
  });
  assert.ok(sent.ok, await sent.clone().text());
  const { page } = await browser(t);
  await signIn(page, url);
  await go(page, '#/c/commons/c/sources', 'commons.c');
  await page.locator('.bad-records li').filter({ hasText: /JSON/i }).first().waitFor();
  quiet(page);
});
