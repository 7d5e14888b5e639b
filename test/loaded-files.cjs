// Required into a process before everything else: writes down which files it loaded, for itself and for its threads.
const { writeFileSync } = require('node:fs');
const threads = require('node:worker_threads');

const started = [];
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    started.push(String(file));
    super(file, options);
  }
};
process.on('exit', () => {
  writeFileSync(process.env.LOADED_FILES, JSON.stringify([...Object.keys(require.cache), ...started]));
});
