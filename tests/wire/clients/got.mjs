// Uploads a file with got over HTTP/2, and prints what came back, a line for each upload:
// node got.mjs URL FILE CERTIFICATE COUNT SECONDS
import { readFileSync } from 'node:fs'
import got from 'got'

const [url, file, certificate, count, seconds] = process.argv.slice(2)
const body = readFileSync(file)
for (let i = 0; i < Number(count); i++) {
  try {
    const response = await got.post(url, {
      body,
      http2: true,
      https: { certificateAuthority: readFileSync(certificate) },
      retry: { limit: 0 },
      throwHttpErrors: false,
      timeout: { request: 1000 * Number(seconds) },
    })
    console.log(response.statusCode, response.body)
  } catch (error) {
    console.log('lost', error.code ?? error.name, error.message)
  }
}
process.exit()
