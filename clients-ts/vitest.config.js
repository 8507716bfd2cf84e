import { defineConfig } from 'vitest/config';

const config = defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'conformance/**/*.test.ts', 'runtime/test/**/*.test.ts'],
    restoreMocks: true,
  },
});

export { config as default };
