#include "cipher.h"

int main(int argc, char **argv) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 1)) return perror("bind"), 1;
    int c = accept(s, NULL, NULL);
    hear(c, "client");
    say(c, argv[2]);
    return 0;
}
