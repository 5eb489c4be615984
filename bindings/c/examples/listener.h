/* Where the server listens. */

#ifndef LISTENER_H
#define LISTENER_H

/* Listens on 127.0.0.1, on any free port if it is 0, and prints the address. Exits where it cannot. */
int listener_open(int port);

#endif
