// A local Rockset, and a browser that notes what its pages may not do.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const ROOT = path.resolve(__dirname, '../..');
const { CHROMIUM, WITH_ENGINE, WITHOUT_ENGINE } = process.env;

/** Starts the program and waits until it says an address. */
async function started(program, args, said) {
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  const url = await new Promise((resolve, reject) => {
    const lines = readline.createInterface({ input: child.stderr });
    let all = '';
    lines.on('line', (line) => {
      all += `${line}\n`;
      const found = said.exec(line);
      if (found) resolve(found[1]);
    });
    child.on('exit', (code) => reject(new Error(`${args[0]} ended with ${code}:\n${all}`)));
  });
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  return { url, child, stop, ended };
}

/** A server on any free port. */
async function server(t, args = [], program = WITH_ENGINE) {
  const options = ['local', '--listen', '127.0.0.1:0', '--ready-after', '0s', ...args];
  const running = await started(program, options, /listens on (https?:\S+\d)\./);
  t.after(running.stop);
  return { ...running, call: calls(running.url) };
}

/** Requests of the API, past the console. */
function calls(url, key = 'any') {
  return async (method, where, body) => {
    const headers = {
      Authorization: `ApiKey ${key}`,
      'Content-Type': 'application/json',
    };
    const sent = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(`${url}/v1/orgs/self${where}`, sent);
    const answer = await response.json();
    assert.ok(response.ok, JSON.stringify(answer));
    return answer;
  };
}

/** A collection with documents. */
async function collection(call, name, documents, settings = {}) {
  await call('POST', '/ws/commons/collections', { name, ...settings });
  await ready(call, name);
  for (let i = 0; i < documents.length; i += 20_000) {
    await call('POST', `/ws/commons/collections/${name}/docs`, {
      data: documents.slice(i, i + 20_000),
    });
  }
}

/** A virtual instance that is ACTIVE, with collections that are mounted on it. */
async function instance(call, name, mounted = []) {
  const { data } = await call('POST', '/virtualinstances', { name });
  while ((await call('GET', `/virtualinstances/${data.id}`)).data.state !== 'ACTIVE') {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (mounted.length)
    await call('POST', `/virtualinstances/${data.id}/mounts`, { collection_paths: mounted });
  return data.id;
}

async function ready(call, name) {
  while ((await call('GET', `/ws/commons/collections/${name}`)).data.status !== 'READY') {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A browser of this test, and a page of it that nothing was done in. */
async function browser(t, settings = {}) {
  const chrome = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox'],
  });
  t.after(() => chrome.close());
  const viewport = { width: 1280, height: 860 };
  const context = await chrome.newContext({
    viewport,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    ...settings,
  });
  return { context, page: await open(context) };
}

/** A page that notes requests to elsewhere, refusals of the policy, and errors. */
async function open(context) {
  const page = await context.newPage();
  page.noted = [];
  page.on('pageerror', (error) => page.noted.push(error.stack));
  page.on('request', (request) => {
    const isOwn = /^(data|blob):/.test(request.url()) || new URL(request.url()).origin === page.origin;
    if (page.origin && !isOwn) page.noted.push(`a request to ${request.url()}`);
  });
  await page.exposeFunction('note', (what) => page.noted.push(what));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      window.note(
        `${event.violatedDirective} ${event.sourceFile}:${event.lineNumber}:${event.columnNumber} ${event.sample}`,
      ),
    );
  });
  return page;
}

async function visit(page, url, hash = '') {
  page.origin = new URL(url).origin;
  await page.goto(`${url}/${hash}`);
}

async function signIn(page, url, key = 'any') {
  await visit(page, url);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Home' }).waitFor();
}

async function go(page, hash, heading) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, hash);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

/** Writes a query in the place of what is there, and runs it. */
async function ask(page, sql) {
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}

/** Nothing that axe knows of keeps anybody from using the page. */
async function accessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((it) => it.html).join('\n')}`);
  assert.deepStrictEqual(told, [], where);
}

/** No line of the page is wider than the window. */
async function fits(page, where) {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(beyond <= 0, `${where} is ${beyond} pixels too wide`);
}

/** A button is switched off, can be reached by the keyboard, says why, and does nothing. */
async function lacks(page, name, privilege) {
  const button = page.getByRole('button', { name });
  await button.waitFor();
  assert.strictEqual(await button.getAttribute('aria-disabled'), 'true', name);
  assert.ok((await button.getAttribute('title')).includes(privilege), name);
  await button.focus();
  assert.ok(await button.evaluate((it) => it === document.activeElement));
  await page.keyboard.press('Enter');
  assert.strictEqual(await page.getByRole('dialog').count(), 0, name);
}

const quiet = (page) => assert.deepStrictEqual(page.noted, []);

module.exports = {
  ROOT,
  WITH_ENGINE,
  WITHOUT_ENGINE,
  accessible,
  ask,
  browser,
  calls,
  collection,
  fits,
  go,
  instance,
  lacks,
  open,
  quiet,
  ready,
  server,
  signIn,
  started,
  visit,
};
