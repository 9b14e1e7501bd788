// The matcher of Netlify's own tools, by HTTP. Arguments: the port, and the `_redirects` file.

const { createServer } = require("node:http");
const { readFileSync } = require("node:fs");
const { parsePlain } = require("netlify-redirector");

const [port, file] = process.argv.slice(2);
parsePlain(readFileSync(file, "utf8"), {}).then((rules) => {
  createServer((request, response) => {
    const [path, query = ""] = request.url.split("?");
    const found = rules.match({
      scheme: "http",
      host: request.headers.host,
      path,
      query,
      headers: request.headers,
      cookieValues: {},
      getHeader: (name) => request.headers[name.toLowerCase()] ?? "",
      getCookie: () => "",
    });
    if (!found) {
      return response.writeHead(404).end();
    }
    // As its development server does: a target without a query gets that of the request.
    const location = new URL(found.to, `http://${request.headers.host}`);
    location.search ||= query;
    response.writeHead(found.status, { location: location.href }).end();
  }).listen(port, "127.0.0.1");
});
