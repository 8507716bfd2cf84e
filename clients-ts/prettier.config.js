/** @type {import('prettier').Config} */
const config = {
  printWidth: 110,
  singleQuote: true,
};

export { config as default };
