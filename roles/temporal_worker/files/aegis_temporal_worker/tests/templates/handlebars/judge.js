// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON lines {template, data, noEscape} and writes, for each, {ok: true, output} or {ok: false, error}: what
// Handlebars itself makes of the template, with default options and the eight helpers of contract 6.12.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

// The package is installed in a cache directory, which is given as the argument.
const Handlebars = require(require.resolve('handlebars', { paths: [path.resolve(process.argv[2])] }));

const judge = Handlebars.create();
// The helper `log` and warnings about refused members must not mix with the answers.
judge.log = () => {};
judge.logger.log = () => {};

// The last argument of a helper is Handlebars' own options object; an argument that is left out is undefined.
function helper(name, wanted, run) {
  judge.registerHelper(name, (...received) => {
    const given = received.slice(0, -1).slice(0, wanted);
    while (given.length < wanted) given.push(undefined);
    return run(...given);
  });
}

function onText(change) {
  return (value) => {
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') throw new TypeError('works on text only');
    return change(value);
  };
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

helper('length', 1, (value) => {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
});
helper('upper', 1, onText((value) => value.toUpperCase()));
helper('lower', 1, onText((value) => value.toLowerCase()));
helper('trim', 1, onText((value) => value.trim()));
helper('json', 1, (value) => (value === undefined ? '' : JSON.stringify(value)));
helper('first_line', 1, (value) => (value === undefined || value === null ? '' : String(value).split('\n')[0].trim()));
helper('default', 2, (value, otherwise) => (value === undefined || value === null || value === '' ? otherwise : value));
helper('keys', 1, (value) => {
  let read = value;
  if (typeof value === 'string') {
    try {
      read = JSON.parse(value);
    } catch {
      return '[]';
    }
  }
  return isObject(read) ? JSON.stringify(Object.keys(read)) : '[]';
});

const answers = [];
for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
  if (line === '') continue;
  const { template, data, noEscape } = JSON.parse(line);
  try {
    const output = judge.compile(template, { noEscape: Boolean(noEscape) })(data);
    answers.push(JSON.stringify({ ok: true, output }));
  } catch (error) {
    answers.push(JSON.stringify({ ok: false, error: String(error.message).split('\n')[0] }));
  }
}
process.stdout.write(answers.join('\n') + '\n');
