// What AsyncAPI's official parser has to say of the documents named on the command line, as a line of JSON each.
// It is what @asyncapi/cli validates with, without the editors, generators and servers which that brings along.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { Parser } = createRequire(new URL('../../examples/package.json', import.meta.url))('@asyncapi/parser')
const LEVELS = ['error', 'warning', 'information', 'hint']

for (const path of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, 'utf8'))
  console.log(JSON.stringify({
    channels: document?.channels().all().map(channel => channel.address()) ?? null,
    said: diagnostics.map(it => ({ level: LEVELS[it.severity], code: it.code, path: it.path.join('.'), message: it.message }))
  }))
}
