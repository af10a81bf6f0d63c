#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **args) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1]))};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  bind(listener, (struct sockaddr *)&address, sizeof address);
  listen(listener, 1);
  int peer = accept(listener, NULL, NULL);
  char text[65536] = {0};
  read(peer, text, sizeof text - 1);
  puts(text);
  write(peer, args[2], strlen(args[2]));
  return count - 3;
}
