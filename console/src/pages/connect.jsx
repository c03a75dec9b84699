// How clients are pointed at this server.

import { useState } from 'preact/hooks';
import { currentKey } from '../api.js';
import { Copy, Tabs } from '../parts/basics.jsx';

const text = JSON.stringify;
const shell = (value) => `'${value.replaceAll("'", `'\\''`)}'`;

const LINES = {
  curl: (url, key) => `curl -H ${shell(`Authorization: ApiKey ${key}`)} ${url}/v1/orgs/self/collections`,
  python: (url, key) => `from enum import Enum
from rockset import RocksetClient  # pip install rockset
rockset = RocksetClient(host=Enum("Host", {"local": ${text(url)}}, type=str).local, api_key=${text(key)})`,
  node: (url, key) => `const rockset = require('@rockset/client').default(${text(key)}, ${text(url)});`,
  java: (url, key) => `RocksetClient rockset = new RocksetClient(${text(key)}, ${text(url)});`,
  flow: (url, key) => `config:
  api_key: ${text(key)}
  region_base_url: ${text(url)}`,
  sql: (url, key) => `ROCKSET_API_KEY=${shell(key)} materialize-rockset sql --server ${url}`,
};

const TITLES = [
  ['curl', 'curl'],
  ['python', 'Python'],
  ['node', 'Node.js'],
  ['java', 'Java'],
  ['flow', 'Flow'],
  ['sql', 'SQL prompt'],
];

export function Connect() {
  const [client, setClient] = useState('curl');
  const [isShown, setShown] = useState(false);
  const line = LINES[client](location.origin, currentKey());
  const masked = LINES[client](location.origin, isShown ? currentKey() : '••••••');
  return (
    <section class="panel" aria-labelledby="connect">
      <div class="panel-head">
        <h2 id="connect">Connect</h2>
        <code>{location.origin}</code>
        <Copy text={location.origin} label="the address" isLabelled />
        <button type="button" class="small" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          {isShown ? 'Hide the key' : 'Show the key'}
        </button>
        <Copy text={currentKey()} label="the key" isLabelled />
      </div>
      <Tabs label="Clients" tabs={TITLES} chosen={client} onChoose={setClient}>
        <div class="code">
          <pre tabIndex={0}>{masked}</pre>
          <Copy text={line} label={`the line for ${client}`} />
        </div>
      </Tabs>
    </section>
  );
}
