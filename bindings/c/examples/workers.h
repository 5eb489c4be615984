/* Processes that serve, and the one that waits for them. */

#ifndef WORKERS_H
#define WORKERS_H

#include <signal.h>
#include <stdbool.h>

/* Blocks what ends a process, for this thread and all that it starts, and returns it for sigwait. */
sigset_t workers_signals(void);

/* Forks so many processes, at most 64. True in each of them, false in the one that goes on here. */
bool workers_fork(int count);

/* Waits for a signal or for a worker that ends by itself, ends all of them, and returns 0 if every one ended well. */
int workers_wait(const sigset_t *signals);

#endif
