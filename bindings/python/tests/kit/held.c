/* Loaded before all other libraries: stops a thread of trackside's where it gives back a lock of the interpreter's or
   of cffi's, until the process that is about to fork waits for it, or has forked. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NOWHERE, AS_IT_IS_MET, AS_IT_ENDS };

static atomic_int where = NOWHERE, is_held, is_forking, goes_on;
static pid_t parent;
static pthread_t forks;
static pthread_key_t key;
static __thread int is_met, is_ending;

/* Keys of others are newer, and their destructors come later. */
static void ends(void *value)
{
    (void)value;
    is_ending = 1;
}

static void has_forked(void)
{
    goes_on = 1;
}

__attribute__((constructor)) static void begin(void)
{
    pthread_key_create(&key, ends);
}

/* Called by the thread that is to fork. */
void hold(int at)
{
    parent = getpid();
    forks = pthread_self();
    pthread_atfork(NULL, has_forked, NULL);
    where = at;
}

int held(void)
{
    return is_held;
}

/* Says that the next thing is a fork. */
void fork_comes(void)
{
    is_forking = 1;
}

static int is_ours(void)
{
    char name[16] = "";
    return where != NOWHERE && getpid() == parent && pthread_getname_np(pthread_self(), name, sizeof name) == 0
        && strncmp(name, "trackside", 9) == 0;
}

int sem_post(sem_t *lock)
{
    int (*post)(sem_t *) = (int (*)(sem_t *))dlsym(RTLD_NEXT, "sem_post");
    if (is_ours()) {
        int is_first = !is_met;
        is_met = 1;
        pthread_setspecific(key, &is_met);
        if ((where == AS_IT_IS_MET && is_first) || (where == AS_IT_ENDS && is_ending)) {
            is_held = 1;
            while (!goes_on) {
                usleep(100);
            }
        }
    }
    return post(lock);
}

static void sleeps(void)
{
    if (is_forking && pthread_equal(pthread_self(), forks)) {
        goes_on = 1;
    }
}

/* What the library waits by before a fork. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    int (*next)(const struct timespec *, struct timespec *) =
        (int (*)(const struct timespec *, struct timespec *))dlsym(RTLD_NEXT, "nanosleep");
    sleeps();
    return next(time, left);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
    int (*next)(clockid_t, int, const struct timespec *, struct timespec *) =
        (int (*)(clockid_t, int, const struct timespec *, struct timespec *))dlsym(RTLD_NEXT, "clock_nanosleep");
    sleeps();
    return next(clock, flags, time, left);
}
