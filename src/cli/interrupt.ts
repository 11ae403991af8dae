// Ctrl-C, for verbs that are done when they are told so.

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once, as usual. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}
