// The lab's login shell: runs one call of lab/run, exactly.
//
// sshd starts it as `call -c LINE`. LINE holds words in single quotes (as a shell would read them), so that
// every byte but NUL passes through. The first word is a verb:
//   run ID PTY CWD N ENV{N} ARG...   run ARG and exit with its code
//   signal ID NUMBER                 send a signal to the call's process group
//   end ID                           print how a call that exited with 255 ended, and forget it
// It is C, and static, because starting anything larger costs a tenth of a second on an emulated CPU.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS "/run/lab/calls"
enum { not_executable = 126, not_found = 127, lab_failed = 255, grace_ms = 5000 };

static void fail(const char *what, const char *object)
{
    fprintf(stderr, "lab: %s %s: %s\n", what, object, strerror(errno));
    exit(lab_failed);
}

// Splits the line in place; returns the number of words.
static int split(char *line, char **words, int room)
{
    int count = 0;
    char *in = line, *out = line;
    while (*in) {
        while (*in == ' ') in++;
        if (!*in || count == room) break;
        words[count++] = out;
        for (int quoted = 0; *in && (quoted || *in != ' '); in++) {
            if (*in == '\'') quoted = !quoted;
            else if (*in == '\\' && !quoted && in[1]) *out++ = *++in;
            else *out++ = *in;
        }
        if (*in) in++;
        *out++ = 0;
    }
    return count;
}

static void in_call(char *path, const char *id, const char *file)
{
    if (strchr(id, '/') || id[0] == '.' || snprintf(path, PATH_MAX, CALLS "/%s/%s", id, file) >= PATH_MAX) {
        fprintf(stderr, "lab: bad call id\n");
        exit(lab_failed);
    }
}

static void put(const char *id, const char *file, const char *text)
{
    char path[PATH_MAX], part[PATH_MAX + 8];
    in_call(path, id, file);
    snprintf(part, sizeof part, "%s.new", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0 || rename(part, path) < 0) fail("write", path);
}

static int get(const char *id, const char *file, char *text, int room)
{
    char path[PATH_MAX];
    in_call(path, id, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, room - 1);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    return n > 0;
}

static void touch_last(void)
{
    close(open("/run/lab/last", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
}

static void start(int pty, const char *cwd, char **argv, const sigset_t *mask)
{
    setpgid(0, 0);
    if (pty) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpid());
        signal(SIGTTOU, SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (*cwd && chdir(cwd) < 0) fail("chdir", cwd);
    execvp(argv[0], argv);
    int error = errno;
    fprintf(stderr, "lab: %s: %s\n", argv[0], strerror(error));
    _exit(error == ENOENT ? not_found : not_executable);
}

// Nobody reads stdout nor stderr any more: the caller is gone. (A caller that closed only one of them is `| head`.)
static int caller_is_gone(int pty)
{
    struct pollfd ends[2] = {{.fd = 1}, {.fd = 2}};
    poll(ends, 2, 0);
    short lost = pty ? POLLHUP | POLLERR : POLLERR;
    return (ends[0].revents & lost) && (ends[1].revents & lost);
}

static void forget(const char *id)
{
    static const char *const files[] = {"group", "end", ""};
    char path[PATH_MAX];
    for (int i = 0; i < 3; i++) {
        in_call(path, id, files[i]);
        if (remove(path) < 0 && errno != ENOENT) fail("remove", path);
    }
}

static int run(int count, char **words)
{
    if (count < 6) { fprintf(stderr, "lab: short call\n"); return lab_failed; }
    const char *id = words[1], *cwd = words[3];
    int pty = atoi(words[2]), environment = atoi(words[4]);
    if (environment < 0 || 5 + environment >= count) { fprintf(stderr, "lab: short call\n"); return lab_failed; }
    char **argv = words + 5 + environment;
    char folder[PATH_MAX], text[32];
    in_call(folder, id, "");
    if (mkdir(folder, 0700) < 0) fail("mkdir", folder);
    if (access("/run/lab/closing", F_OK) == 0) { put(id, "end", "closing"); return lab_failed; }
    touch_last();

    for (int i = 0; i < environment; i++) putenv(words[5 + i]);
    setenv("SHELL", "/bin/bash", 1);
    unsetenv("SSH_CLIENT");
    unsetenv("SSH_CONNECTION");
    unsetenv("SSH_TTY");

    // SIGCHLD by descriptor, so that one poll waits for the program and for the caller's going away. The pseudo
    // terminal's own signals go to the program's group; this process only has to outlive them.
    sigset_t watched, before;
    sigemptyset(&watched);
    for (const int *s = (const int[]){SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGPIPE, 0}; *s; s++) sigaddset(&watched, *s);
    sigprocmask(SIG_BLOCK, &watched, &before);
    int events = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (events < 0) fail("signalfd", "for a call");

    pid_t child = fork();
    if (child < 0) fail("fork", argv[0]);
    if (child == 0) start(pty, cwd, argv, &before);
    setpgid(child, child);
    snprintf(text, sizeof text, "%d", child);
    put(id, "group", text);
    if (!pty) close(0);   // or the program's early exit would never be seen as a closed stdin

    int status = 0, gone_ms = -1;
    for (;;) {
        struct pollfd wake = {.fd = events, .events = POLLIN};
        poll(&wake, 1, 500);
        struct signalfd_siginfo info;
        while (read(events, &info, sizeof info) > 0) {}
        if (waitpid(child, &status, WNOHANG) == child) break;
        if (gone_ms >= 0) gone_ms += 500;
        else if (caller_is_gone(pty)) { gone_ms = 0; kill(-child, SIGHUP); kill(-child, SIGCONT); }
        if (gone_ms >= grace_ms) kill(-child, SIGKILL);
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    touch_last();
    // 255 is also what ssh says when it failed itself: the caller asks for the end of such a call.
    if (code == lab_failed && gone_ms < 0) put(id, "end", "255");
    else forget(id);
    return code;
}

int main(int argc, char **argv)
{
    static char *words[65536];
    if (argc != 3 || strcmp(argv[1], "-c") != 0) { fprintf(stderr, "lab: use lab/run or lab/shell\n"); return lab_failed; }
    int count = split(argv[2], words, sizeof words / sizeof *words - 1);
    char text[32];
    if (count > 1 && strcmp(words[0], "run") == 0) return run(count, words);
    if (count == 3 && strcmp(words[0], "signal") == 0) {
        if (!get(words[1], "group", text, sizeof text)) return 1;
        return kill(-atoi(text), atoi(words[2])) < 0;
    }
    if (count == 2 && strcmp(words[0], "end") == 0) {
        if (!get(words[1], "end", text, sizeof text)) return 1;
        puts(text);
        forget(words[1]);
        return 0;
    }
    fprintf(stderr, "lab: unknown call\n");
    return lab_failed;
}
