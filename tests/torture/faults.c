/* Preloaded into a command (LD_PRELOAD): spoils one of the calls by which it reads or writes files below a folder.

   The environment says which:
     TORTURE_UNDER  folder; calls about other files pass untouched
     TORTURE_CALLS  letters: w write, s sync, n names and sizes (open to write, rename, link, unlink, truncate, mkdir),
                    r read
     TORTURE_AT     number of the call that is the first to be spoilt, from 1; 0: none
     TORTURE_FOR    how many calls are spoilt; 0: all from there on
     TORTURE_DO     kill (before the call), after (kill when it is done), torn (half a write, then kill),
                    short (half a write, then errors), error, clock (no harm, but the time is another from there on)
     TORTURE_ERRNO  of error and short
     TORTURE_SHIFT  seconds that the clock is moved by
     TORTURE_SAY    file that is told of the spoilt call, and at the end of the number of calls
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static char under[PATH_MAX], say[PATH_MAX], calls[16], what[16];
static size_t under_length;
static long first, number, seen, shift;
static int error;

static const char *given(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* Called again by a process that was forked with another plan. */
void torture_begin(void) {
    snprintf(under, sizeof under, "%s", given("TORTURE_UNDER"));
    snprintf(say, sizeof say, "%s", given("TORTURE_SAY"));
    snprintf(calls, sizeof calls, "%s", given("TORTURE_CALLS"));
    snprintf(what, sizeof what, "%s", given("TORTURE_DO"));
    first = atol(given("TORTURE_AT"));
    number = atol(given("TORTURE_FOR"));
    shift = atol(given("TORTURE_SHIFT"));
    error = atoi(given("TORTURE_ERRNO"));
    seen = 0;
    under_length = strlen(under);
}

__attribute__((constructor)) static void begin(void) { torture_begin(); }

static void tell(const char *call, const char *path) {
    REAL(open);
    if (!*say) return;
    int saved = errno, fd = real(say, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%s %ld %s\n", call, seen, path);
        ssize_t (*put)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
        if (put(fd, line, length) < 0) { /* nobody can be told */ }
        close(fd);
    }
    errno = saved;
}

__attribute__((destructor)) static void end(void) {
    if (seen) tell("calls", "");
}

static int is_of_path(const char *path) { return under_length && path && !strncmp(path, under, under_length); }

static int path_of(int fd, char *path) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return is_of_path(path);
}

/* Whether this call is to be spoilt. */
static int is_spoilt(char kind, const char *call, const char *path) {
    if (!first || !strchr(calls, kind)) return 0;
    long n = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (n < first || (number && n >= first + number)) return 0;
    if (!strcmp(what, "clock")) {
        if (n == first) tell("clock", path);
        return 0;
    }
    if (n == first || strcmp(what, "error")) tell(call, path);
    if (!strcmp(what, "kill")) {
        kill(getpid(), SIGKILL);
        pause();
    }
    return 1;
}

static int is(const char *wanted) { return !strcmp(what, wanted); }

static void die(void) {
    kill(getpid(), SIGKILL);
    pause();
}

#define SPOILT_NAME(path_expression, call_expression, call_name) \
    if (is_of_path(path_expression) && is_spoilt('n', call_name, path_expression)) { \
        if (is("after") || is("torn")) { \
            (void)!(call_expression); \
            die(); \
        } \
        errno = error; \
        return -1; \
    } \
    return call_expression

#define SPOILT_FD(kind, call_expression, call_name) \
    char path[PATH_MAX]; \
    if (first && path_of(fd, path) && is_spoilt(kind, call_name, path)) { \
        if (is("after") || is("torn")) { \
            (void)!(call_expression); \
            die(); \
        } \
        errno = error; \
        return -1; \
    } \
    return call_expression

#define SPOILT_WRITE(part_expression, call_expression, call_name) \
    char path[PATH_MAX]; \
    if (first && path_of(fd, path) && is_spoilt('w', call_name, path)) { \
        if (is("after")) { \
            (void)!(call_expression); \
            die(); \
        } \
        if (is("torn")) { \
            (void)!(part_expression); \
            die(); \
        } \
        if (is("short") && size > 1 && seen == first) return part_expression; \
        errno = error; \
        return -1; \
    } \
    return call_expression

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    SPOILT_WRITE(real(fd, data, size / 2), real(fd, data, size), "write");
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    SPOILT_WRITE(real(fd, data, size / 2, at), real(fd, data, size, at), "pwrite");
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    SPOILT_WRITE(real(fd, data, size / 2, at), real(fd, data, size, at), "pwrite");
}

ssize_t read(int fd, void *data, size_t size) {
    REAL(read);
    SPOILT_FD('r', real(fd, data, size), "read");
}

ssize_t pread(int fd, void *data, size_t size, off_t at) {
    REAL(pread);
    SPOILT_FD('r', real(fd, data, size, at), "pread");
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    REAL(pread64);
    SPOILT_FD('r', real(fd, data, size, at), "pread");
}

int fsync(int fd) {
    REAL(fsync);
    SPOILT_FD('s', real(fd), "fsync");
}

int fdatasync(int fd) {
    REAL(fdatasync);
    SPOILT_FD('s', real(fd), "fdatasync");
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    SPOILT_FD('n', real(fd, size), "ftruncate");
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    SPOILT_FD('n', real(fd, size), "ftruncate");
}

int truncate(const char *path, off_t size) {
    REAL(truncate);
    SPOILT_NAME(path, real(path, size), "truncate");
}

int truncate64(const char *path, off64_t size) {
    REAL(truncate64);
    SPOILT_NAME(path, real(path, size), "truncate");
}

int rename(const char *from, const char *to) {
    REAL(rename);
    SPOILT_NAME(to, real(from, to), "rename");
}

int link(const char *from, const char *to) {
    REAL(link);
    SPOILT_NAME(to, real(from, to), "link");
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    SPOILT_NAME(to, real(a, from, b, to, flags), "link");
}

int unlink(const char *path) {
    REAL(unlink);
    SPOILT_NAME(path, real(path), "unlink");
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    SPOILT_NAME(path, real(path, mode), "mkdir");
}

#define OPENED(call_expression) \
    if (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) { \
        SPOILT_NAME(path, call_expression, "open"); \
    } \
    return call_expression

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    OPENED(real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    OPENED(real(path, flags, mode));
}

/* Clocks */

static long ahead(void) { return first && is("clock") && seen >= first ? shift : 0; }

int clock_gettime(clockid_t clock, struct timespec *when) {
    REAL(clock_gettime);
    int result = real(clock, when);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) when->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *restrict when, void *restrict zone) {
    REAL(gettimeofday);
    int result = real(when, zone);
    when->tv_sec += ahead();
    return result;
}

time_t time(time_t *when) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (when) *when = now.tv_sec;
    return now.tv_sec;
}
