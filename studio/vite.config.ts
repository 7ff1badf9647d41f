import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, runnerImport } from "vite";

const root = import.meta.dirname;
const assets = join(root, "../src/salvia/studio/assets");

/** Cloudscape's styles carry eight fonts, 140 KB compressed: the system's own do. */
const withoutFonts: Plugin = {
  name: "without-fonts",
  enforce: "pre",
  transform(code, id) {
    if (id.includes("@cloudscape-design/global-styles") && id.includes(".css")) {
      return code.replace(/@font-face\s*\{[^}]*\}/g, "");
    }
  },
};

let out = assets;

/** Every file is compressed once, here, as small as it gets, and never by the server. */
const compressed: Plugin = {
  name: "compressed",
  configResolved({ build }) {
    out = build.outDir;
  },
  closeBundle() {
    for (const name of readdirSync(out)) {
      if (!/\.(js|css|html|svg)$/.test(name)) continue;
      const file = join(out, name);
      const bytes = readFileSync(file);
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    }
  },
};

/** `.pages`: the path of every page as JSON, for tests that look at each; a name that the server does not serve. */
const listed: Plugin = {
  name: "listed",
  async generateBundle() {
    const { module } = await runnerImport<typeof import("./src/pages")>(join(root, "src/pages.ts"), { root });
    this.emitFile({ type: "asset", fileName: ".pages", source: JSON.stringify(module.pages.map((page) => page.path)) });
  },
};

export default defineConfig({
  root,
  base: "/assets/",
  plugins: [withoutFonts, react(), listed, compressed],
  resolve: { alias: { "@": join(root, "src") } },
  build: {
    outDir: assets,
    assetsDir: "", // the index and what it names lie side by side; the server knows which is which
    emptyOutDir: true,
    assetsInlineLimit: 0, // the pages' policy allows no data: but images
    modulePreload: { polyfill: false },
    target: "es2024",
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page shares is one file. What one page needs (a chart, an editor) stays with it.
          groups: [{ name: "vendor", test: /node_modules\/(@cloudscape-design|@tanstack\/(react-)?query|react|react-dom|scheduler|wouter)/ }],
        },
      },
    },
  },
});
