// Sums what a browser fetches before the first screen can be drawn, compressed; fails above the limit.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 500_000;
const ROOT = process.argv[2] ?? "dist";
const ENTRY = "index.html";
// The screen that is shown first: what it adds is part of the first load.
const FIRST_SCREEN = "src/queue/QueueScreen.tsx";

const manifest = JSON.parse(readFileSync(`${ROOT}/.vite/manifest.json`, "utf8"));
const files = new Set(["index.html", "wafer.svg"]);
const seen = new Set();

function collect(name) {
  if (seen.has(name)) return;
  seen.add(name);
  const chunk = manifest[name];
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const imported of chunk.imports ?? []) collect(imported);
}

collect(ENTRY);
collect(FIRST_SCREEN);
// The page's own way to sign in is one of two; the larger one counts.
collect("src/auth/hosted.ts");

let total = 0;
for (const file of files) {
  const bytes = gzipSync(readFileSync(`${ROOT}/${file}`), { level: 9 }).length;
  total += bytes;
  if (bytes > 10_000) console.log(`${String(Math.round(bytes / 1000)).padStart(5)} kB  ${file}`);
}
console.log(`first load: ${Math.round(total / 1000)} kB of ${LIMIT_BYTES / 1000} kB compressed, fonts aside`);
if (total > LIMIT_BYTES) process.exit(1);
