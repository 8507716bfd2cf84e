// {{ header }}

import { createClient } from 'bellwire';
{{ runtime_types }}

import { contract } from './contract.js';
{%- if uses_messages %}
import type * as messages from './messages.js';
{%- endif %}
{%- if uses_types %}
import type * as types from '{{ root }}types/index.js';
{%- endif %}

{% if let Some(options) = options -%}
/** Options of {@link create{{ name }}Client}: its address, `{{ address }}`, has parameters. */
export interface {{ name }}ClientOptions extends ClientOptions {
  /** Parameters of the address. */
  readonly parameters{{ options.mark }}: {
{%- for member in options.members %}
{{ member.docs }}{{ member.text }}
{%- endfor %}
  };
}

{% endif -%}
{{ docs }}
{%- if members.is_empty() -%}
export type {{ name }}Client = CoreClient;
{%- else -%}
export interface {{ name }}Client extends CoreClient {
{%- for member in members %}
{{ member.docs }}{{ member.text }}
{%- endfor %}
}
{%- endif %}

/** Creates a client of `{{ address }}`; it connects at the first need. */
export function create{{ name }}Client({{ parameter }}): {{ name }}Client {
{%- if members.is_empty() %}
  return createClient(contract, options);
{%- else %}
  const core = createClient(contract, options);
{%- if is_filled %}
  // prettier-ignore
{%- endif %}
  const members: Omit<{{ name }}Client, keyof CoreClient> = {
{%- for line in factory %}
{{ line }}
{%- endfor %}
  };
  return Object.assign(core, members);
{%- endif %}
}
