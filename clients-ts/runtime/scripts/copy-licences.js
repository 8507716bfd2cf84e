/** Puts the project's licences into the package before npm packs it; the copies are not under version control. */
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) {
  copyFileSync(join(root, '../..', name), join(root, name));
}
