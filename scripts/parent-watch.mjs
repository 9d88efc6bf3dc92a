/**
 * Preloaded into the process that `npm start` runs: ends it, as Ctrl-C does, when its parent is gone for whatever
 * reason (the channel between them closes), so that no signaling server or member outlives the command.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
