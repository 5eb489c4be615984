/* A file sink whose file is a pipe that nobody reads any more, or not yet, or one that may not grow: none of it ends the
   host or holds it up. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kit.h"

static char folder[] = "/tmp/trackside-pipe-XXXXXX";
static char path[64], toml[256];

static uint64_t dropped(const trackside_tracker *tracker)
{
    return hits_for(tracker, TRACKSIDE_REASON_STORE_UNAVAILABLE);
}

static void the_reader_goes(void)
{
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK(reader >= 0);
    trackside_tracker *tracker = open_options(options_of(toml));
    CHECK_INT(visit(tracker, "/"), 0);
    struct pollfd first = { .fd = reader, .events = POLLIN };
    CHECK_INT(poll(&first, 1, (int)LIMIT), 1);
    CHECK_INT(close(reader), 0);
    for (unsigned n = 0; n < 10; n++) {
        CHECK_INT(visit(tracker, "/"), 0);
    }
    close_all(tracker);
    CHECK_INT(books_of(tracker).hits.delivered, 1);
    CHECK_INT(dropped(tracker), 10);
    trackside_tracker_free(tracker);
}

static void there_is_no_reader(void)
{
    trackside_tracker *tracker = open_options(options_of(toml));
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(dropped(tracker), 1);
    trackside_tracker_free(tracker);
}

/* The file may not grow any further. */
static void there_is_a_limit(void)
{
    CHECK_INT(unlink(path), 0);
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = limit;
    small.rlim_cur = 1;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    trackside_tracker *tracker = open_options(options_of(toml));
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(dropped(tracker), 1);
    trackside_tracker_free(tracker);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

int main(void)
{
    watchdog();
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/hits", folder);
    CHECK_INT(mkfifo(path, 0600), 0);
    snprintf(toml, sizeof toml,
             "consent.policy = 'none'\n[[destination]]\ntype = 'file'\nname = 'one'\npath = '%s'\n"
             "batch.age = '0ms'\n", path);
    the_reader_goes();
    there_is_no_reader();
    there_is_a_limit();
    CHECK_INT(unlink(path), 0);
    CHECK_INT(rmdir(folder), 0);
    return 0;
}
