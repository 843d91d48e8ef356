// Copies a file that the host shows as a disk into the lab: fetch DEVICE FILE SIZE < EXTENTS
//
// EXTENTS are lines of "OFFSET LENGTH" in bytes, the parts of the file that are not holes; the copy keeps the holes.
// Direct I/O on both sides moves 600 MB/s where an emulated CPU copies 50 MB/s through its page cache.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { block = 4096, chunk = 4 << 20 };

static void fail(const char *what, const char *object)
{
    fprintf(stderr, "lab: %s %s: %s\n", what, object, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4) { fprintf(stderr, "usage: fetch DEVICE FILE SIZE < EXTENTS\n"); return 2; }
    int from = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (from < 0) fail("open", argv[1]);
    int to = open(argv[2], O_WRONLY | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600);
    if (to < 0) fail("create", argv[2]);
    char *buffer;
    if ((errno = posix_memalign((void **)&buffer, block, chunk)) != 0) fail("allocate for", argv[2]);

    long long offset, length, size = atoll(argv[3]);
    while (scanf("%lld %lld", &offset, &length) == 2) {
        long long at = offset / block * block, end = offset + length;
        while (at < end) {
            ssize_t got = pread(from, buffer, chunk, at);
            if (got <= 0) fail("read", argv[1]);
            if (got > end - at) got = end - at;
            // Whole blocks only: what is behind the file's end is cut off below.
            ssize_t whole = (got + block - 1) / block * block;
            memset(buffer + got, 0, whole - got);
            if (pwrite(to, buffer, whole, at) != whole) fail("write", argv[2]);
            at += got;
        }
    }
    if (ftruncate(to, size) < 0) fail("set the size of", argv[2]);
    return 0;
}
