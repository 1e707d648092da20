// Puts NAME.gz and NAME.br beside each file of dist/, or of the folder named, so that the controller never compresses what does not change.
// gzip is Zopfli's: smaller, and the same bytes with each version of Node, whose own zlib is now one, now another.
import { gzipAsync } from '@gfx/zopfli';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const folder = process.argv[2] ?? fileURLToPath(new URL('./dist/', import.meta.url));
for (const name of readdirSync(folder)) {
  if (name.endsWith('.gz') || name.endsWith('.br')) continue;
  const bytes = readFileSync(join(folder, name));
  writeFileSync(join(folder, `${name}.gz`), await gzipAsync(bytes, { numiterations: 15 }));
  const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: parameters }));
}
