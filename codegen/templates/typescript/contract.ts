// {{ header }}

import type { Contract } from 'bellwire';

/** What the runtime has to know of `{{ address }}`. */
export const contract: Contract = {{ contract }};
