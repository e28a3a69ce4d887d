import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server that `npm run dev` talks to; the built page talks to the server that serves it.
const SERVER = process.env["WATCHKEEPER_URL"] ?? "http://127.0.0.1:8711";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    outDir: process.env["WATCHKEEPER_PAGE_OUT"] ?? "../src/watchkeeper/server/page",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows no inline script and no data: fonts.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // ECharts is one chunk of its own, loaded with the first page that draws a chart.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": SERVER } },
});
