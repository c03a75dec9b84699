// The official Node.js client asks the local Rockset, in a build that runs queries.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { before, describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const rockset = require('@rockset/client').default;

const { ROCKSET_API_KEY: key, ROCKSET_QUERIES: url } = process.env;

describe('queries', () => {
  const rs = rockset(key, url);
  const name = `t${randomUUID().replaceAll('-', '')}`;
  const ask = (query, more = {}, options = {}) =>
    rs.queries.query({ sql: { query, ...more }, ...options });

  before(async () => {
    await rs.collections.createCollection('commons', { name });
    const status = async () => (await rs.collections.getCollection('commons', name)).data.status;
    while ((await status()) !== 'READY') await sleep(20);
    const data = Array.from({ length: 25 }, (_, n) => ({ _id: String(n), n }));
    await rs.documents.addDocuments('commons', name, { data });
  });

  it('answers rows, with parameters of any JSON', async () => {
    const parameters = [
      { name: 'low', type: 'int', value: '22' },
      { name: 'high', type: 'float', value: 23.5 },
      { name: 'is', type: 'bool', value: true },
    ];
    const query = `SELECT n, :is AS b FROM ${name} WHERE n BETWEEN :low AND :high ORDER BY n`;
    const answer = await ask(query, { parameters });
    assert.deepEqual(answer.results, [{ n: 22, b: true }, { n: 23, b: true }]);
    assert.deepEqual(answer.column_fields, [{ name: 'n', type: '' }, { name: 'b', type: '' }]);
  });

  it('answers pages', async () => {
    const first = await ask(`SELECT n FROM ${name} ORDER BY n`, {}, { max_initial_results: 10 });
    const rows = [...first.results];
    let cursor = first.pagination.next_cursor;
    while (cursor) {
      const page = await rs.queries.getQueryResults(first.query_id, cursor, 10);
      rows.push(...page.results);
      cursor = page.pagination.next_cursor;
    }
    assert.deepEqual(rows.map((row) => row.n), [...Array(25).keys()]);
  });

  it('follows a query in the background', async () => {
    const { query_id: id } = await ask('SELECT 1 AS one', {}, { async: true });
    while ((await rs.queries.getQuery(id)).data.status !== 'COMPLETED') await sleep(20);
    assert.deepEqual((await rs.queries.getQueryResults(id)).results, [{ one: 1 }]);
  });

  it('tells where a query is wrong', async () => {
    const error = await ask('SELECT COUT(*)').catch((error) => error);
    assert.equal(error.type, 'QUERY_ERROR');
    assert.deepEqual([error.line, error.column, error.error_id], [1, 8, 'function_not_found']);
  });

  it('validates a query', async () => {
    const found = await rs.queries.validate({ sql: { query: `SELECT :x FROM ${name}` } });
    assert.deepEqual([found.collections, found.parameters], [[`commons.${name}`], ['x']]);
  });
});
