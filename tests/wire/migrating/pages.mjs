// The redirects of Cloudflare Pages by its own handler, over HTTP. Arguments: the port, and the `_redirects` file.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// NODE_PATH is not looked at by `import`.
const { resolve } = createRequire(import.meta.url);
const load = (path) => import(pathToFileURL(resolve(`@cloudflare/pages-shared/${path}`)));
const { generateHandler } = await load("dist/asset-server/handler.js");
const { createMetadataObject } = await load("dist/metadata-generator/createMetadataObject.js");

const [port, file] = process.argv.slice(2);
const lines = readFileSync(file, "utf8").split("\n").map((line) => line.trim().split(/\s+/));
const rules = lines.flatMap(([from, to, status = "302"], at) =>
  from.startsWith("/") ? [{ from, to, status: Number(status), lineNumber: at + 1 }] : [],
);
const metadata = createMetadataObject({ redirects: { rules, invalid: [] } });

createServer(async ({ headers, method, url }, response) => {
  const request = new Request(`http://${headers.host}${url}`, { method });
  const found = await generateHandler({
    request,
    metadata,
    logError: console.error,
    findAssetEntryForPath: async () => null,
  });
  const location = found.headers.get("location");
  response.writeHead(found.status, location ? { location } : {}).end();
}).listen(port, "127.0.0.1");
