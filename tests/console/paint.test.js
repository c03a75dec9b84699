// How long a visit takes until something is seen, and until the page is there. It is told and not judged: a
// machine that has other work to do takes longer.

const assert = require('node:assert');
const { test } = require('node:test');
const { browser, open, server, signIn, visit } = require('./support.js');

const VISITS = 11;

/** Notes when the script has put something on the page. */
const noteArrival = () => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('#console')?.firstChild) return;
    observer.disconnect();
    window.arrived = performance.now();
  }).observe(document, { childList: true, subtree: true });
};

/** Milliseconds from opening the address to the first paint with something in it, and to the page. */
async function times(page) {
  await page.waitForFunction(() => window.arrived);
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list, observer) => {
          const [first] = list.getEntriesByName('first-contentful-paint');
          if (!first) return;
          observer.disconnect();
          resolve({ paint: first.startTime, page: window.arrived });
        }).observe({ type: 'paint', buffered: true });
      }),
  );
}

test('the first paint', async (t) => {
  const { url } = await server(t);
  const { page } = await browser(t);
  const [first, again] = [[], []];
  for (let i = 0; i < VISITS; i++) {
    // A context has a cache of its own, which is empty.
    const context = await page.context().browser().newContext();
    const fresh = await open(context);
    await fresh.addInitScript(noteArrival);
    await visit(fresh, url);
    first.push(await times(fresh));
    await signIn(fresh, url);
    await fresh.reload();
    again.push(await times(fresh));
    await context.close();
  }
  for (const [what, all] of [
    ['a first visit', first],
    ['a reload with the key', again],
  ]) {
    const told = ['paint', 'page'].map((part) => {
      const sorted = all.map((it) => it[part]).sort((a, b) => a - b);
      assert.ok(sorted[0] > 0, `${part} of ${what}`);
      return `${part} ${sorted[Math.floor(VISITS / 2)].toFixed(0)} ms (at most ${sorted.at(-1).toFixed(0)})`;
    });
    t.diagnostic(`${what}: first ${told.join(', ')}; medians of ${VISITS}`);
  }
});
