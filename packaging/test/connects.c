/* Preloaded in the bundle's test: notes every connect() to an internet address and refuses it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    char name[INET6_ADDRSTRLEN] = "", line[128];
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, name, sizeof name);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, name, sizeof name);
    else
        return (int)syscall(SYS_connect, socket, address, length);
    int file = open("/connects", O_WRONLY | O_CREAT | O_APPEND, 0644);
    snprintf(line, sizeof line, "%s\n", name);
    if (file >= 0) {
        if (write(file, line, strlen(line)) < 0)
            perror("connects");
        close(file);
    }
    errno = ENETUNREACH;
    return -1;
}
