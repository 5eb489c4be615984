#define _POSIX_C_SOURCE 200809L

#include "workers.h"

#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64 };

static pid_t running[MOST];
static int started;

sigset_t workers_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

bool workers_fork(int count)
{
    while (started < count && started < MOST) {
        const pid_t pid = fork();
        if (pid == 0)
            return true;
        if (pid < 0) {
            perror("fork");
            break;
        }
        running[started++] = pid;
    }
    return false;
}

int workers_wait(const sigset_t *signals)
{
    int signal = 0, failed = 0;
    if (started > 0)
        sigwait(signals, &signal);
    for (int i = 0; i < started; i++)
        kill(running[i], SIGTERM);
    for (int i = 0; i < started; i++) {
        int status = 0;
        waitpid(running[i], &status, 0);
        failed |= status != 0;
    }
    return failed || signal == 0 || signal == SIGCHLD;
}
