// Loaded before the C library: each fsync takes as many microseconds longer as SLOW_FSYNC_US says, as on a slower disk.
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

static void wait_longer(void) {
  const char *us = getenv("SLOW_FSYNC_US");
  if (us != NULL) usleep((useconds_t)atol(us));
}

int fsync(int fd) {
  wait_longer();
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  wait_longer();
  return (int)syscall(SYS_fdatasync, fd);
}
