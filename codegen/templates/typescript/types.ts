// {{ header }}
{%- for import in imports %}
{%- if loop.first %}
{% endif %}
{{ import }}
{%- endfor %}
{%- for item in items %}
{% match item.body -%}
{%- when Body::Interface with (members) %}
{{ item.docs }}export interface {{ item.name }} {
{%- for member in members %}
{{ member.docs }}  {{ member.text }};
{%- endfor %}
}
{%- when Body::Alias with (text) %}
{{ item.docs }}export type {{ item.name }} ={{ text }};
{%- when Body::Values with (members) %}
{{ item.docs }}export const {{ item.name }} = {
{%- for member in members %}
{{ member.docs }}  {{ member.text }},
{%- endfor %}
} as const;
{%- endmatch %}
{%- endfor %}
