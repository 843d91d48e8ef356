// Compares documents with their published schemas.
// usage: node validate.mjs FOLDER-OF-SCHEMAS     standard input: lines of SCHEMA, a tab, and a document
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv);
let documents = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const tab = line.indexOf('\t');
  const name = line.slice(0, tab);
  const validate = ajv.getSchema(name) ?? ajv.addSchema(JSON.parse(readFileSync(`${process.argv[2]}/${name}.json`)), name).getSchema(name);
  if (!validate(JSON.parse(line.slice(tab + 1)))) {
    console.log(`${name}: ${ajv.errorsText(validate.errors)}: ${line.slice(tab + 1)}`);
    process.exitCode = 1;
  }
  documents++;
}
console.log(`${documents} documents`);
