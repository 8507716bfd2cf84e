// {{ header }}

import { createHttp } from 'bellwire/http';
{{ runtime_types }}
import type { HttpOptions } from 'bellwire/http';
{% if uses_types %}
import type * as types from '{{ root }}types/index.js';
{% endif %}
/** What there is beside `{{ address }}` over plain HTTP. Failures are the same as on the socket. */
export interface {{ name }} {
{%- for member in members %}
{{ member.docs }}{{ member.text }}
{%- endfor %}
}

/** Requests to the server at `base`, such as `http://localhost:8000`; the empty one is the page's own. */
export function {{ function }}(base: string | URL, options: HttpOptions = {}): {{ name }} {
  const http = createHttp(base, options);
{%- if is_filled %}
  // prettier-ignore
{%- endif %}
  return {
{%- for line in factory %}
{{ line }}
{%- endfor %}
  };
}
