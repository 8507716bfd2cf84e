// {{ header }}
{% for module in modules %}
export * from './{{ module }}.js';
{%- else %}
export {};
{%- endfor %}
