// What the runner and the processes tell people.

export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}
