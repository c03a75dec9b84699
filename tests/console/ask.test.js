// Asking in SQL, in Chromium.

const assert = require('node:assert');
const { readFile } = require('node:fs/promises');
const path = require('node:path');
const { test } = require('node:test');
const {
  WITH_ENGINE,
  accessible,
  ask,
  browser,
  collection,
  go,
  quiet,
  server,
  signIn,
  started,
} = require('./support.js');

const numbers = (count) =>
  Array.from({ length: count }, (_, i) => ({
    _id: String(i),
    n: i,
    place: { latitude: i % 90, longitude: i % 180 },
  }));

async function asking(t, documents) {
  const running = await server(t);
  await collection(running.call, 'c', documents);
  const { page } = await browser(t);
  await signIn(page, running.url);
  await go(page, '#/ask', 'Ask');
  return { ...running, page };
}

test('rows, as a table, as JSON and as files', async (t) => {
  const { page, url } = await asking(t, [{ _id: 'b', n: null }]);
  const body = '{"data": [{"_id": "a", "n": 9007199254740993, "text": "x, \\"y\\"\\nz"}]}';
  const headers = {
    Authorization: 'ApiKey any',
    'Content-Type': 'application/json',
  };
  await fetch(`${url}/v1/orgs/self/ws/commons/collections/c/docs`, {
    method: 'POST',
    headers,
    body,
  });
  await ask(page, 'SELECT n, text, _id FROM c ORDER BY _id');
  await page.getByText('2 rows in').waitFor();
  assert.deepStrictEqual(await page.getByRole('columnheader').allTextContents(), ['Row', 'n', 'text', '_id']);
  await page.getByRole('cell', { name: '9007199254740993', exact: true }).waitFor();
  await page.getByRole('tab', { name: 'JSON' }).click();
  await page.getByText('"n": 9007199254740993,').waitFor();
  const file = async (name) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ]);
    return readFile(await download.path(), 'utf8');
  };
  assert.strictEqual(await file('Download CSV'), 'n,text,_id\r\n9007199254740993,"x, ""y""\nz",a\r\n,,b\r\n');
  assert.ok((await file('Download JSON')).startsWith('[{"n":9007199254740993,"text":"x, \\"y\\"\\nz"'));
  quiet(page);
});

test('an error is shown at its place', async (t) => {
  const { page } = await asking(t, []);
  await ask(page, 'SELECT 1,\n  no_such_function(2)');
  await page
    .getByRole('alert')
    .getByText(/^Line 2, column 3: .*no_such_function/)
    .waitFor();
  assert.strictEqual(await page.locator('.cm-lintRange-error').textContent(), 'no_such_function');
  await accessible(page, 'an error');
  await ask(page, 'SELECT 1 AS one');
  await page.getByRole('cell', { name: '1', exact: true }).waitFor();
  assert.strictEqual(await page.locator('.cm-lintRange-error').count(), 0);
  quiet(page);
});

test('a query is cancelled, here and on the page of queries', async (t) => {
  const { page, call } = await asking(t, numbers(1000));
  const endless =
    'SELECT COUNT(*) FROM c a, c b, c d, c e, c f, c g WHERE a.n + b.n + d.n + e.n + f.n + g.n < 0';
  await ask(page, endless);
  await page.getByText('RUNNING…').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('The query was cancelled.').waitFor();
  assert.deepStrictEqual((await call('GET', '/queries')).data, []);

  const { query_id: id } = await call('POST', '/queries', {
    sql: { query: endless },
    async: true,
  });
  await go(page, '#/queries', 'Queries');
  await page
    .getByRole('region', { name: 'Running and waiting' })
    .getByRole('button', { name: 'Cancel' })
    .click();
  await page.getByRole('region', { name: 'Ended' }).getByText('CANCELLED').first().waitFor();
  assert.strictEqual((await call('GET', `/queries/${id}`)).data.status, 'CANCELLED');
  quiet(page);
});

test('parameters have a type and a value', async (t) => {
  const { page } = await asking(t, numbers(10));
  await ask(page, "SELECT n, ':no' AS text -- :neither\nFROM c WHERE n > :least::int AND n < ?");
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Value of least').fill('3');
  await page.getByLabel('Type of 1').selectOption('int');
  await page.getByLabel('Value of 1').fill('6');
  assert.strictEqual(await page.locator('.parameter').count(), 2);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('2 rows in').waitFor();
  quiet(page);
});

test('a hundred thousand rows, of which those in sight are made', async (t) => {
  const { page } = await asking(t, numbers(100_000));
  await ask(page, 'SELECT n, _id FROM c ORDER BY n');
  await page.getByText('100,000 rows in').waitFor({ timeout: 120_000 });
  const grid = page.getByRole('region', { name: 'Rows' });
  await grid.evaluate((it) => {
    it.scrollTop = it.scrollHeight;
  });
  await grid.getByRole('button', { name: 'Show row 100000' }).waitFor();
  assert.ok((await grid.getByRole('row').count()) < 120);
  await accessible(page, 'a hundred thousand rows');
  await grid.getByRole('button', { name: 'Show row 100000' }).click();
  await page.getByRole('dialog').getByText('99999').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'JSON' }).click();
  const lines = page.getByRole('region', { name: 'Rows as JSON' });
  await lines.evaluate((it) => {
    it.scrollTop = it.scrollHeight;
  });
  await lines.getByText('{"n":99999,"_id":"99999"}').waitFor();
  quiet(page);
});

test('collections, fields and functions are completed', async (t) => {
  const { page } = await asking(t, numbers(10));
  const offered = (name) =>
    page.locator('.cm-tooltip-autocomplete li').filter({ hasText: name }).first().waitFor();
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.type('SELE');
  await offered('SELECT');
  await page.keyboard.type('CT EUCL');
  await offered('EUCLIDEAN_DIST');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('SELECT * FROM c WHERE pla');
  await offered('place');
  await page.keyboard.type('ce.lat');
  await offered('latitude');
  await page.keyboard.press('Enter');
  await page.locator('.cm-line').filter({ hasText: 'WHERE place.latitude' }).waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('SELECT * FROM comm');
  await offered('commons');
  quiet(page);
});

test('two columns are drawn as lines, bars and points on a map', async (t) => {
  const { page } = await asking(t, numbers(100));
  await ask(page, 'SELECT n, place.latitude, place.longitude FROM c');
  await page.getByText('100 rows in').waitFor();
  await page.getByRole('tab', { name: 'Plot' }).click();
  await page.getByRole('img', { name: /A map of 100 points, from 0.0 to 89.0/ }).waitFor();
  await page.getByText('100 points of 100 rows').waitFor();
  await accessible(page, 'a map');
  for (const kind of ['line', 'bar']) {
    await page.getByLabel('Draw').selectOption(kind);
    await page.getByLabel('Across').selectOption('n');
    await page.getByLabel('Up').selectOption('latitude');
    await page.getByRole('img', { name: 'latitude by n, 100 points' }).waitFor();
    await accessible(page, kind);
  }
  quiet(page);
});

test('history keeps queries, and nothing of their rows', async (t) => {
  const { page } = await asking(t, [{ _id: 'a', secret: 'found-it' }]);
  await ask(page, 'SELECT secret FROM c');
  await page.getByRole('cell', { name: 'found-it' }).waitFor();
  assert.ok(
    !(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).includes('found-it'),
  );
  await ask(page, 'SELECT 2 AS two');
  await page.getByRole('cell', { name: '2', exact: true }).waitFor();
  await page.getByRole('button', { name: 'History' }).click();
  await accessible(page, 'history');
  await page.getByRole('dialog').getByRole('button', { name: 'SELECT secret FROM c' }).click();
  await page.locator('.cm-line').filter({ hasText: 'SELECT secret FROM c' }).waitFor();
  quiet(page);
});

test('a query is saved as a query lambda, and run', async (t) => {
  const { page, call, url } = await asking(t, numbers(10));
  const probe = await fetch(`${url}/v1/orgs/self/ws/commons/lambdas`, {
    method: 'POST',
    headers: {
      Authorization: 'ApiKey any',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ name: 'probe', sql: { query: 'SELECT 1' } }),
  });
  if (probe.status === 501) return t.skip('this server has no query lambdas');
  await ask(page, 'SELECT n FROM c WHERE n < :most ORDER BY n');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Type of most').selectOption('int');
  await page.getByLabel('Value of most').fill('3');
  await page.getByRole('button', { name: 'Save as query lambda' }).click();
  await page.getByLabel('Name').fill('few');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'commons.few' }).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('3 rows in').waitFor();
  await page.getByLabel('Value of most').fill('5');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('5 rows in').waitFor();
  await accessible(page, 'a query lambda');
  await page.getByRole('button', { name: 'Tag this version' }).click();
  await page.getByRole('textbox', { name: 'Tag', exact: true }).fill('stable');
  await page.getByRole('button', { name: 'Tag', exact: true }).click();
  await page.getByText('stable', { exact: true }).waitFor();
  const tags = (await call('GET', '/ws/commons/lambdas/few/tags')).data.map((it) => it.tag_name);
  assert.ok(tags.includes('stable'), tags);
  quiet(page);
});

test('the picture of the documentation', { skip: !process.env.SCREENSHOTS }, async (t) => {
  const example = [
    '--source',
    'examples/earthquakes/flow.yaml',
    '--fixture',
    'examples/earthquakes/fixture.jsonl',
  ];
  const preview = await started(WITH_ENGINE, ['preview', '--local', '--keep', ...example], /stays at (\S+)/);
  t.after(preview.stop);
  const { page } = await browser(t, {
    viewport: { width: 1200, height: 900 },
  });
  await signIn(page, preview.url);
  await go(page, '#/ask', 'Ask');
  await ask(
    page,
    `SELECT place, "magnitude/value" AS magnitude, "location/latitude", "location/longitude"
FROM geology.earthquakes
WHERE type = 'earthquake'
ORDER BY magnitude DESC`,
  );
  await page.getByRole('tab', { name: 'Plot' }).click();
  await page.getByRole('img', { name: /A map of/ }).waitFor();
  await page.screenshot({
    path: path.join(process.env.SCREENSHOTS, 'console.png'),
  });
});
