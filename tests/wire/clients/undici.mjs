// Uploads a file with undici over HTTP/2, and prints what came back, a line for each upload:
// node undici.mjs URL FILE CERTIFICATE COUNT SECONDS
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

const [url, file, certificate, count, seconds] = process.argv.slice(2)
const body = readFileSync(file)
const dispatcher = new Agent({ allowH2: true, connect: { ca: readFileSync(certificate) } })
for (let i = 0; i < Number(count); i++) {
  try {
    const response = await request(url, {
      method: 'POST',
      body,
      dispatcher,
      maxRedirections: 5,
      signal: AbortSignal.timeout(1000 * Number(seconds)),
    })
    console.log(response.statusCode, await response.body.text())
  } catch (error) {
    console.log('lost', error.code ?? error.name, error.message)
  }
}
process.exit()
