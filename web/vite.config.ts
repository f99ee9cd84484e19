import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server sends `default-src 'self'` without any unsafe-*: nothing may be inlined into the page.
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false, reportCompressedSize: true,
    rollupOptions: { output: { manualChunks: { react: ['react', 'react-dom', '@tanstack/react-query'] } } },
  },
  test: { css: true, environment: 'jsdom', include: ['test/**/*.test.{ts,tsx}'] },
});
