// Loaded before the C library: while the file named by FAIL_FSYNC_WHILE exists, every fsync fails as on a broken disk.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

static int broken(void) {
  const char *file = getenv("FAIL_FSYNC_WHILE");
  return file != NULL && access(file, F_OK) == 0;
}

int fsync(int fd) {
  if (broken()) { errno = EIO; return -1; }
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  if (broken()) { errno = EIO; return -1; }
  return (int)syscall(SYS_fdatasync, fd);
}
