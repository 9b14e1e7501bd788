// Redirects uploads, before or after they are read, and digests what comes back.
// Arguments: the ports of HTTP/1.1, of HTTP/1.1 over TLS, of HTTP/2 and of HTTP/2 over TLS.
'use strict';
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const http2 = require('node:http2');

/// The digests of all bodies that came whole.
const seen = [];

function redirect(response, status) {
  response.writeHead(status, { location: '/digest' }).end();
}

function handle(request, response) {
  const [, when, status] = request.url.split('/');
  if (when === 'early') {
    redirect(response, Number(status));
  } else if (when === 'read') {
    request.resume().on('end', () => redirect(response, Number(status)));
  } else if (when === 'seen') {
    response.end(seen.join('\n'));
  } else {
    const hash = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk));
    request.on('end', () => {
      const text = hash.digest('hex');
      seen.push(text);
      response.end(text);
    });
  }
}

const tls = { cert: readFileSync('cert.pem'), key: readFileSync('key.pem') };
const ports = process.argv.slice(2).map(Number);
http.createServer(handle).listen(ports[0], '127.0.0.1');
https.createServer(tls, handle).listen(ports[1], '127.0.0.1');
http2.createServer(handle).listen(ports[2], '127.0.0.1');
http2.createSecureServer(tls, handle).listen(ports[3], '127.0.0.1');
