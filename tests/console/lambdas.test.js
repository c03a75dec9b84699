// Query lambdas that the server executes by itself, in Chromium.

const assert = require('node:assert');
const http = require('node:http');
const { test } = require('node:test');
const { accessible, browser, calls, go, quiet, server, signIn } = require('./support.js');

/** A server that gets webhooks. `next` is the first call that fits, whether it came or is to come. */
async function webhook(t) {
  const received = [];
  let waiting = () => {};
  const app = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      received.push({ authorization: request.headers.authorization, body: JSON.parse(body) });
      response.end();
      waiting();
    });
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => app.close());
  const next = async (fits) => {
    while (!received.some(fits)) await new Promise((resolve) => (waiting = resolve));
    return received.find(fits);
  };
  return { url: `http://127.0.0.1:${app.address().port}/done`, next };
}

test('a query lambda is scheduled, changed, resumed and deleted', async (t) => {
  const { url } = await server(t, ['--api-key', 'right']);
  const call = calls(url, 'right');
  const hook = await webhook(t);
  await call('POST', '/ws/commons/lambdas', { name: 'answer', sql: { query: 'SELECT 41 + 1 AS n' } });
  const { page } = await browser(t);
  await signIn(page, url, 'right');
  const dialog = page.getByRole('dialog');
  const save = (how) => dialog.getByRole('button', { name: how, exact: true }).click();

  await go(page, '#/scheduled', 'Scheduled lambdas');
  await page.getByText('None.').waitFor();
  await page.getByRole('button', { name: 'New scheduled lambda' }).click();
  await page.getByLabel('Query lambda').fill('answer');
  await page.getByLabel('Times, as cron has them').fill('at noon');
  await save('Create');
  await dialog.getByRole('alert').getByText('Wrong in cron_string').waitFor();
  await page.getByLabel('Times, as cron has them').fill('* * * ? * *');
  await page.getByLabel('Webhook', { exact: true }).fill(hook.url);
  await page.getByLabel('Authorization for the webhook').fill('Bearer hidden');
  await save('Create');
  const name = 'commons.answer at * * * ? * *';
  const panel = page.getByRole('region', { name });
  await panel.getByText(/tag latest, next at .*Z/).waitFor();
  const { authorization, body } = await hook.next(() => true);
  assert.strictEqual(authorization, 'Bearer hidden');
  assert.deepStrictEqual(body.results, [{ n: 42 }]);
  assert.ok(!(await page.content()).includes('hidden'));

  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByLabel('Body for the webhook, as JSON').fill('{"told": "briefly"}');
  await save('Change');
  const second = await hook.next((it) => it.body.told === 'briefly');
  assert.strictEqual(second.authorization, 'Bearer hidden');

  // What is taken out of a form is gone.
  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByLabel('Webhook', { exact: true }).fill('');
  await save('Change');
  await dialog.waitFor({ state: 'detached' });
  const [schedule] = (await call('GET', '/lambdas/scheduled_lambdas')).data;
  assert.strictEqual(schedule.webhook_url, null);
  assert.deepStrictEqual(JSON.parse(schedule.webhook_payload), { told: 'briefly' });

  await call('DELETE', '/ws/commons/lambdas/answer');
  await panel.getByText(/The query: .*answer.* It is not executed again before a change says so/).waitFor();
  await panel.getByText('no further execution').waitFor();
  await accessible(page, 'a schedule that was stopped');
  await call('POST', '/ws/commons/lambdas', { name: 'answer', sql: { query: 'SELECT 1 AS n' } });
  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByLabel('After an error that stopped it').selectOption('try once more');
  await save('Change');
  await panel.getByText('The query:').waitFor({ state: 'detached' });
  await panel.getByText(/next at/).waitFor();

  await page.getByRole('button', { name: `Delete the scheduled lambda ${name}` }).click();
  await save('Delete');
  await page.getByText('None.').waitFor();
  assert.deepStrictEqual((await call('GET', '/lambdas/scheduled_lambdas')).data, []);
  quiet(page);
});
