// Writes dist/: the page, its script, its styles and the licences of what is in the script.
// The same sources and lock file give the same bytes. With --watch, again at every change.

import { build, context } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { land } from './land.mjs';

const at = (path) => new URL(path, import.meta.url).pathname;

// `import land from 'land'`: outlines of the continents.
const outlines = {
  name: 'land',
  setup(build) {
    build.onResolve({ filter: /^land$/ }, () => ({ path: 'land', namespace: 'land' }));
    build.onLoad({ filter: /.*/, namespace: 'land' }, async () => ({
      contents: `export default ${JSON.stringify(await land())};`,
    }));
  },
};

const options = {
  absWorkingDir: at('.'),
  entryPoints: { console: 'src/main.jsx' },
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  charset: 'utf8',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  banner: { js: '/* With the packages whose licences are in licenses.txt. */' },
  metafile: true,
  plugins: [outlines],
};

// The packages that the script has a part of.
function packages(metafile) {
  const names = Object.keys(metafile.inputs).flatMap((path) => {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    return found ? [found[1]] : [];
  });
  return [...new Set(names)].sort();
}

async function license(name) {
  const { version } = JSON.parse(await readFile(at(`node_modules/${name}/package.json`), 'utf8'));
  const text = await readFile(at(`node_modules/${name}/LICENSE`), 'utf8');
  return `${name} ${version}\n\n${text.trim()}\n`;
}

const NATURAL_EARTH = `Outlines of the continents

Made with Natural Earth (naturalearthdata.com), which is in the public domain, as packed by
world-atlas.
`;

await mkdir(at('dist'), { recursive: true });
for (const file of ['index.html', 'icon.svg']) await copyFile(at(`src/${file}`), at(`dist/${file}`));
if (process.argv.includes('--watch')) {
  await (await context(options)).watch();
} else {
  const { metafile } = await build(options);
  const licenses = await Promise.all(packages(metafile).map(license));
  await writeFile(at('dist/licenses.txt'), [...licenses, NATURAL_EARTH].join('\n---\n\n'));
}
