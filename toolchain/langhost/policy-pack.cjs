// Starts a policy pack: node -e <this> -- <the SDK's run.js> <engine> <pack folder>
"use strict";
const [run, , ...programArguments] = process.argv.slice(1);

// The codes are those of the SDK's own entry: 32 says "the engine has been told".
const alreadyReported = 32;
const uncaught = new Set();
const reported = new Set();
let running = false;
const remember = (error) => {
    uncaught.add(error);
    if (!running) {
        console.error(error?.stack || error?.message || String(error));
    }
};
process.on("uncaughtException", remember);
process.on("unhandledRejection", remember);
process.on("exit", (code) => {
    // An error must never look like success: an empty set of policies would pass.
    if (code === 0 && uncaught.size > 0) {
        process.exitCode = [...uncaught].every((error) => reported.has(error)) ? alreadyReported : 1;
    }
});

require(run)
    .run({
        argv: { _: programArguments },
        programStarted: () => {
            running = true;
        },
        reportLoggedError: (error) => reported.add(error),
        typeScript: false,
    })
    .then(() => {
        running = false;
    });
