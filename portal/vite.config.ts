import { transformAsync } from "@babel/core";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** React's compiler remembers what did not change: an answer draws the next wafer and little else anew. */
function reactCompiler(): Plugin {
  return {
    name: "react-compiler",
    apply: "build",
    enforce: "pre",
    async transform(code, id) {
      if (!/\/src\/[^?]*\.tsx?$/.test(id)) return null;
      const compiled = await transformAsync(code, {
        filename: id,
        babelrc: false,
        configFile: false,
        sourceMaps: true,
        parserOpts: { plugins: ["typescript", "jsx"] },
        plugins: ["babel-plugin-react-compiler"],
      });
      return compiled?.code ? { code: compiled.code, map: compiled.map ?? null } : null;
    },
  };
}

/** What the cloud sends (infra/portal_headers.py), but that it names the API, the pictures' bucket and the user pool beside the page's own origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  plugins: [reactCompiler(), react()],
  // Nothing is inlined: the policy allows no data: and no inline code.
  build: { target: "es2022", assetsInlineLimit: 0, manifest: true, chunkSizeWarningLimit: 1000 },
  preview: { headers: { "Content-Security-Policy": POLICY } },
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    server: { deps: { inline: [/@cloudscape-design/] } },
    css: false,
    testTimeout: 120_000,
    maxWorkers: "100%",
  },
});
