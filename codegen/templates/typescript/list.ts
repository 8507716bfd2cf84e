// {{ header }}
{% for module in modules %}
export {% if module.only_types %}type {% endif %}* from './{{ module.stem }}.js';
{%- else %}
export {};
{%- endfor %}
