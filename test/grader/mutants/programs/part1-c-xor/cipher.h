#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char KEY[] = "TopSecretKey";

static void crypt_it(char *data, int n) {
    for (int i = 0; i < n; i++) data[i] ^= KEY[i % (sizeof KEY - 1)];
}

static void say(int fd, const char *text) {
    int n = strlen(text), m = htonl(n);
    char *copy = strdup(text);
    crypt_it(copy, n);
    write(fd, &m, 4);
    write(fd, copy, n);
}

static void hear(int fd, const char *who) {
    int n, done = 0, r;
    if (recv(fd, &n, 4, MSG_WAITALL) != 4) exit(1);
    n = ntohl(n);
    char *data = calloc(n + 1, 1);
    while (done < n && (r = read(fd, data + done, n - done)) > 0) done += r;
    crypt_it(data, done);
    printf("%s: %s\n", who, data);
    fflush(stdout);
}
