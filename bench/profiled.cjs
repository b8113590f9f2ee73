// Preloaded: writes V8's profile once the run has printed its report. A run that has loaded koffi leaves
// without Node's exit handlers, and so without the profile of --cpu-prof.
const fs = require('node:fs');
const { Session } = require('node:inspector');

const { writeSync } = fs;
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 100 });
session.post('Profiler.start');
fs.writeSync = (file, ...rest) => {
  const written = writeSync(file, ...rest);
  if (file !== 1) return written;
  fs.writeSync = writeSync;
  session.post('Profiler.stop', (_error, { profile }) => {
    fs.writeFileSync(process.env.PROFILE, JSON.stringify(profile));
  });
  return written;
};
