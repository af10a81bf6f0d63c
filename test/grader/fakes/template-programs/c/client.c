#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **args) {
  int peer = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(args[2]))};
  inet_pton(AF_INET, args[1], &address.sin_addr);
  connect(peer, (struct sockaddr *)&address, sizeof address);
  write(peer, args[3], strlen(args[3]));
  char text[65536] = {0};
  read(peer, text, sizeof text - 1);
  puts(text);
  return count - 4;
}
