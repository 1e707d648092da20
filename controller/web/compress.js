// Puts NAME.gz and NAME.br beside each file of dist/, so that the controller never compresses what does not change.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = new URL('./dist/', import.meta.url);
for (const name of readdirSync(folder)) {
  if (name.endsWith('.gz') || name.endsWith('.br')) continue;
  const bytes = readFileSync(new URL(name, folder));
  writeFileSync(new URL(`${name}.gz`, folder), gzipSync(bytes, { level: 9 }));
  const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(new URL(`${name}.br`, folder), brotliCompressSync(bytes, { params: parameters }));
}
