/* A host whose runtime takes a lock to write down a thread that it meets, and to forget one that ends: wherever the
   library's threads are at that as the process forks, the child finds the lock free, and delivers. */

#define _GNU_SOURCE

#include <sys/syscall.h>
#include <time.h>

#include "kit.h"

static const char TOML[] =
    "consent.policy = 'none'\nshutdown = '120s'\n"
    "[[destination]]\ntype = 'callback'\nname = 'one'\nbatch.age = '0ms'\n";

/* The runtime's, and how it hears of a thread's end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;

static pid_t parent;
static pthread_t forks;

/* Between the two the thread that forks waits, and time stands still for it, so that it waits for as long as it takes. */
static bool is_forking;
static struct timespec begun;

/* How often the lock was taken by the parent's worker, and given back; and how often it was seen that the fork waits
   for it, or that it did not. */
static counter taken = COUNTER_INIT, given = COUNTER_INIT, seen = COUNTER_INIT;
static counter attached = COUNTER_INIT;

static bool is_waiting(void)
{
    return pthread_equal(pthread_self(), forks) && is_forking;
}

/* These stand before those of the C library, and are what the library sleeps and tells the time by. */
static int sleeps(void)
{
    if (is_waiting()) {
        counter_add(&seen, 1);
    }
    const struct timespec moment = {0, 100000};
    return (int)syscall(SYS_nanosleep, &moment, NULL);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return sleeps();
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
    (void)clock;
    (void)flags;
    (void)time;
    (void)left;
    return sleeps();
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (is_waiting()) {
        *time = begun;
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, time);
}

static void has_forked(void)
{
    counter_add(&seen, 1);
}

/* The parent's worker keeps the lock until the fork waits for it, or has happened. */
static void write_down(void)
{
    CHECK_INT(pthread_mutex_lock(&lock), 0);
    if (getpid() == parent) {
        counter_add(&taken, 1);
        counter_wait(&seen, 1);
    }
    CHECK_INT(pthread_mutex_unlock(&lock), 0);
    counter_add(&given, 1);
}

static void attach(void *userdata)
{
    CHECK(userdata == &lock);
    CHECK(!pthread_equal(pthread_self(), forks));
    counter_add(&attached, 1);
    CHECK_INT(pthread_setspecific(key, &lock), 0);
    write_down();
}

static void ends(void *value)
{
    CHECK(value == &lock);
    write_down();
}

static trackside_tracker *open_one(void)
{
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = takes_all;
    return open_sink(TOML, "one", &sink);
}

/* The child delivers by a thread of its own, which ends, too. */
static void live(void)
{
    watchdog();
    CHECK_INT(pthread_mutex_trylock(&lock), 0);
    CHECK_INT(pthread_mutex_unlock(&lock), 0);
    unsigned before = counter_get(&attached), ended = counter_get(&given);
    trackside_tracker *tracker = open_one();
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(books_of(tracker).hits.delivered, 1);
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&attached), before + 1);
    counter_wait(&given, ended + 2);
    _exit(0);
}

/* Forks as the worker has the lock for the `nth` time; `is_told`: and says so before. */
static void fork_at(unsigned nth, bool is_told)
{
    counter_wait(&taken, nth);
    CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &begun), 0);
    is_forking = true;
    if (is_told) {
        trackside_fork_begin();
    }
    pid_t child = fork();
    is_forking = false;
    CHECK(child >= 0);
    if (child == 0) {
        live();
    }
    if (is_told) {
        trackside_fork_end();
    }
    counter_wait(&given, nth);
    ended_well(child);
    seen.value = 0;
}

int main(void)
{
    watchdog();
    parent = getpid();
    forks = pthread_self();
    OK(trackside_attach_set, attach, &lock);
    CHECK_INT(pthread_atfork(NULL, has_forked, NULL), 0);
    for (unsigned n = 0; n < 4; n++) {
        /* The first is older than any that the library may have for the ends of its threads, the others are newer. */
        CHECK_INT(pthread_key_create(&key, ends), 0);
        trackside_tracker *tracker = open_one();
        CHECK_INT(visit(tracker, "/"), 0);
        fork_at(2 * n + 1, n % 2 == 1);
        close_all(tracker);
        CHECK_INT(counter_get(&attached), n + 1);
        fork_at(2 * n + 2, n % 2 == 1);
        trackside_tracker_free(tracker);
    }
    /* From here on nobody is asked. */
    OK(trackside_attach_set, NULL, NULL);
    trackside_tracker *tracker = open_one();
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(counter_get(&attached), 4);
    trackside_tracker_free(tracker);
    return 0;
}
